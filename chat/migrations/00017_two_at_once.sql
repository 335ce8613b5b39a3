-- +goose Up
create table chat_pairs (
  account_id uuid        primary key,
  service_id uuid        not null references account_services,
  allowed_by uuid        not null,
  until      timestamptz not null,
  constraint chat_pairs_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade,
  constraint chat_pairs_by foreign key (service_id, allowed_by) references account_accounts (service_id, id)
);
comment on table chat_pairs is 'Which ESPs a tutor allows to hold two conversations at once, and until when.';

alter table chat_participants add column slot smallint not null default 1;
alter table chat_participants add constraint chat_participants_slot check (slot in (1, 2));
drop index chat_participants_cap;
create unique index chat_participants_cap on chat_participants (account_id, slot) where part = 'esp' and left_at is null;
comment on column chat_participants.slot is 'Which of the conversations that an ESP may hold at once this is: the second is there only for whom a tutor allows it.';
