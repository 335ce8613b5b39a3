-- +goose Up
alter table account_requests add column about text not null default '';
update account_requests set about = reason where reason like 'case:%';
alter table account_requests drop constraint account_requests_pkey;
alter table account_requests add constraint account_requests_once primary key (account_id, about);
comment on column account_requests.about is 'The case because of which it was asked; empty: none. Whoever decides about one is not told of another.';

create table account_exclusions (
  account_id uuid        not null,
  service_id uuid        not null references account_services,
  about      text        not null,
  since      timestamptz not null default now(),
  constraint account_exclusions_once primary key (account_id, about),
  constraint account_exclusions_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade
);
insert into account_exclusions (account_id, service_id, about, since) select id, service_id, '', disabled_at from account_accounts where disabled_at is not null and erased_at is null;
comment on table account_exclusions is 'Why an account is disabled: it is so until the last of them is taken back. An empty about stands for any, and is that of who was disabled before there were several.';
