-- +goose Up
alter table chat_rooms add column ends_at timestamptz;
alter table chat_rooms add column time_up boolean not null default false;
alter table chat_rooms add constraint chat_rooms_time_up_ended check (not time_up or state = 'ended');
update chat_rooms set ends_at = now() + interval '45 min' where state = 'open';
create index chat_rooms_due on chat_rooms (ends_at) where state = 'open';
comment on column chat_rooms.ends_at is 'When an open conversation ends by itself, unless a tutor is in it or somebody answers for a danger in it.';
comment on column chat_rooms.time_up is 'It ended because its time was over.';

alter table chat_participants add column more_at timestamptz;
comment on column chat_participants.more_at is 'Since when they would like more time. Both sides must; then it is given, and this is empty again.';

alter table chat_messages drop constraint chat_messages_kind_known;
alter table chat_messages add constraint chat_messages_kind_known check (kind in ('text', 'joined', 'ended', 'lost', 'time_up'));
