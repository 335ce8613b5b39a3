-- +goose Up
create index chat_rooms_newest on chat_rooms (service_id, created_at desc, id desc);
comment on index chat_rooms_newest is 'The conversations of a service from the newest to the oldest, for rules to be tried on what was said.';
