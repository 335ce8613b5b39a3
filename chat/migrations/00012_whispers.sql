-- +goose Up
create table chat_whispers (
  id          uuid        primary key,
  service_id  uuid        not null references account_services,
  room_id     uuid        not null,
  esp_id      uuid        not null,
  author_id   uuid        not null,
  cid         text        not null,
  text_sealed bytea       not null,
  said_at     timestamptz not null default clock_timestamp(),
  seen_at     timestamptz,
  seen_by     uuid,
  answered_at timestamptz,
  constraint chat_whispers_cid_once unique (author_id, cid),
  constraint chat_whispers_room foreign key (service_id, room_id) references chat_rooms (service_id, id) on delete cascade,
  constraint chat_whispers_esp foreign key (service_id, esp_id) references account_accounts (service_id, id),
  constraint chat_whispers_author foreign key (service_id, author_id) references account_accounts (service_id, id),
  constraint chat_whispers_seer foreign key (service_id, seen_by) references account_accounts (service_id, id),
  constraint chat_whispers_cid_length check (char_length(cid) between 16 and 64),
  constraint chat_whispers_seen_by_another check (seen_by is distinct from author_id and (seen_at is null) = (seen_by is null)),
  constraint chat_whispers_only_asked_is_answered check (author_id = esp_id or answered_at is null and seen_at is null)
);
create index chat_whispers_of_esp on chat_whispers (room_id, esp_id, said_at, id);
create index chat_whispers_waiting on chat_whispers (service_id, said_at) where answered_at is null and author_id = esp_id;
comment on table chat_whispers is 'What an ESP and the tutors say beside a conversation, sealed with its key and erased with it. The person who is helped never gets any of it. esp_id is whose whispers they are: whoever takes over reads none from before.';
