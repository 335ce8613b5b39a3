-- +goose Up
alter table chat_participants add column read_seq bigint not null default 0;
alter table chat_participants add constraint chat_participants_read_from_zero check (read_seq >= 0);
comment on column chat_participants.read_seq is 'Sequence up to which they have had the conversation before their eyes, on any of their devices.';
