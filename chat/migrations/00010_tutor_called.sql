-- +goose Up
alter table chat_places add column tutor_called_at timestamptz;
comment on column chat_places.tutor_called_at is 'When tutors were called because nobody had taken on, in time, a person who was left in mid-conversation.';
create index chat_places_left_alone on chat_places (service_id) where again and state in ('waiting', 'offered') and tutor_called_at is null;
