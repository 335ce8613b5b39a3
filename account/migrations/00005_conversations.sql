-- +goose Up
alter table account_services add column conversation_minutes smallint not null default 45;
alter table account_services add constraint account_services_conversation_bounded check (conversation_minutes between 20 and 120);
comment on column account_services.conversation_minutes is 'How long a conversation lasts unless both want more; nobody is let in later than that before the end of cover.';
