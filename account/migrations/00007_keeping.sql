-- +goose Up
alter table account_services add column keep_guest_hours smallint not null default 48, add column keep_member_months smallint not null default 12, add column keep_flagged_months smallint not null default 24;
alter table account_services add constraint account_services_keep_bounded check (keep_guest_hours between 1 and 168 and keep_member_months between 1 and 24 and keep_flagged_months between 6 and 60);
comment on column account_services.keep_guest_hours is 'For how long after its end a guest''s conversation is kept that raised nothing.';
comment on column account_services.keep_member_months is 'The same of a member.';
comment on column account_services.keep_flagged_months is 'For how long one is kept that somebody had to look at, and what they noted about it.';
