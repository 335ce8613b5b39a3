-- +goose Up
alter table chat_rooms add column stepped_out boolean not null default false;
alter table chat_rooms add constraint chat_rooms_stepped_out_is_lost check (not stepped_out or lost);
comment on column chat_rooms.stepped_out is 'It ended because its ESP asked somebody else to go on. They read it no more.';

alter table chat_messages drop constraint chat_messages_kind_known;
alter table chat_messages add constraint chat_messages_kind_known check (kind in ('text', 'joined', 'ended', 'lost', 'time_up', 'edited', 'removed', 'stepped_out'));

create table chat_blocks (
  account_id uuid        not null,
  service_id uuid        not null references account_services,
  by_id      uuid        not null,
  reason     text        not null,
  since      timestamptz not null default now(),
  until      timestamptz not null,
  constraint chat_blocks_pkey primary key (account_id),
  constraint chat_blocks_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade,
  constraint chat_blocks_by foreign key (service_id, by_id) references account_accounts (service_id, id),
  constraint chat_blocks_reason_known check (reason in ('threat', 'sexual', 'insult', 'other')),
  constraint chat_blocks_not_oneself check (account_id <> by_id)
);
create index chat_blocks_open on chat_blocks (service_id, until);
comment on table chat_blocks is 'Who may not ask for a conversation until when, because of how they treated an ESP. A tutor may take it back.';
