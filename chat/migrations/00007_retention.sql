-- +goose Up
alter table chat_rooms add column kept_as text;
alter table chat_rooms add column kept_until timestamptz;
alter table chat_rooms add constraint chat_rooms_kept_as_known check (kept_as in ('guest', 'member', 'flagged'));
alter table chat_rooms add constraint chat_rooms_kept_whole check ((kept_as is null) = (kept_until is null) and (kept_as is null or state = 'ended'));
create index chat_rooms_undated on chat_rooms (ended_at) where state = 'ended' and kept_until is null;
create index chat_rooms_kept on chat_rooms (kept_until) where kept_until is not null;
comment on column chat_rooms.kept_until is 'When an ended conversation is erased: its row, its key and everything that was said. Null until the work of the first minute after the end.';

create table chat_erased (
  service_id uuid   not null references account_services,
  day        date   not null,
  kept_as    text   not null,
  rooms      bigint not null,
  messages   bigint not null,
  constraint chat_erased_pkey primary key (service_id, day, kept_as)
);
comment on table chat_erased is 'How many conversations and messages were erased on a day (UTC). Nothing of whose they were.';

create table chat_waits (
  service_id uuid        not null references account_services,
  created_at timestamptz not null,
  started_at timestamptz not null
);
create index chat_waits_started on chat_waits (service_id, started_at desc);
comment on table chat_waits is 'How long people waited whose conversation was erased. Nothing of whose it was.';
