-- +goose Up
alter table chat_participants add column seen_at timestamptz not null default now();
create index chat_participants_silent on chat_participants (seen_at) where left_at is null and part <> 'tutor';
comment on column chat_participants.seen_at is 'The last sign of life while they take part: of an ESP to 10 s, of a person to a minute. A line that is open and silent is none.';

alter table chat_rooms add column lost boolean not null default false;
alter table chat_rooms add constraint chat_rooms_lost_somebody check (not lost or ended_by is not null);
comment on column chat_rooms.lost is 'It ended because ended_by was not heard of for too long.';

alter table chat_messages drop constraint chat_messages_kind_known;
alter table chat_messages add constraint chat_messages_kind_known check (kind in ('text', 'joined', 'ended', 'lost'));

alter table chat_places drop constraint chat_places_end_reason_known;
alter table chat_places add constraint chat_places_end_reason_known check (end_reason in ('left', 'unseen', 'talked', 'lost'));
alter table chat_places add column again boolean not null default false;
comment on column chat_places.again is 'The place of somebody whose ESP was lost in mid-conversation. created_at is when they first began to wait, so that they come before those of the same level.';

create table chat_watch (
  only_one boolean     primary key default true,
  since    timestamptz not null default now(),
  at       timestamptz not null default now(),
  constraint chat_watch_single check (only_one)
);
comment on table chat_watch is 'Since when some instance has been there without a gap to hear signs of life. While none was, silence means nothing. Belongs to no service.';
insert into chat_watch default values;
