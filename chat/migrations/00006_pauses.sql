-- +goose Up
create table chat_pauses (
  account_id uuid        primary key,
  service_id uuid        not null references account_services,
  since      timestamptz not null default now(),
  constraint chat_pauses_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade
);
comment on table chat_pauses is 'ESPs who are offered nobody, since a conversation in which a life was in danger ended, until they say that they are ready or a tutor releases them. After which conversation is not kept.';
