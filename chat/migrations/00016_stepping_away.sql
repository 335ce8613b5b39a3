-- +goose Up
alter table chat_places add column away_at timestamptz, add column told_at timestamptz, add column was_away boolean not null default false, add column return_mark bytea;
alter table chat_places drop constraint chat_places_end_reason_known;
alter table chat_places add constraint chat_places_end_reason_known check (end_reason in ('left', 'unseen', 'away', 'talked', 'lost'));
alter table chat_places add constraint chat_places_away_waits check (away_at is null or (state = 'waiting' and was_away));
alter table chat_places add constraint chat_places_told_is_away check (told_at is null or away_at is not null);
alter table chat_places add constraint chat_places_return_is_open check (return_mark is null or state <> 'ended');
create unique index chat_places_return on chat_places (return_mark) where return_mark is not null;
create index chat_places_away on chat_places (service_id, created_at) where away_at is not null;
comment on column chat_places.away_at is 'Since when its person has been doing something else: no ESP is offered them until they say that they are back.';
comment on column chat_places.told_at is 'When it was their turn while they were away, and they were told so.';
comment on column chat_places.was_away is 'They were away at some time: how long they waited tells others nothing.';
comment on column chat_places.return_mark is 'A keyed hash of the code by which a guest finds the place again from another device.';

create table chat_wakes (
  place_id    uuid        primary key references chat_places on delete cascade,
  service_id  uuid        not null references account_services,
  key_id      text        not null,
  key_wrapped bytea       not null,
  sub_sealed  bytea       not null,
  due_at      timestamptz,
  tries       smallint    not null default 0
);
create index chat_wakes_due on chat_wakes (due_at) where due_at is not null;
comment on table chat_wakes is 'The browser that is woken when it is the turn of somebody who is away, each sealed with a key of its own, until they are back or their place ends.';
comment on column chat_wakes.due_at is 'When it is to be woken; null: not now.';
