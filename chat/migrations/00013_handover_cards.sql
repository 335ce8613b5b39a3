-- +goose Up
create table chat_cards (
  room_id     uuid        primary key,
  service_id  uuid        not null references account_services,
  next_id     uuid        not null,
  esp_id      uuid        not null,
  text_sealed bytea       not null,
  written_at  timestamptz not null default clock_timestamp(),
  approved    boolean,
  constraint chat_cards_next_once unique (next_id),
  constraint chat_cards_onwards check (room_id <> next_id),
  constraint chat_cards_next foreign key (service_id, next_id) references chat_rooms (service_id, id) on delete cascade,
  constraint chat_cards_esp foreign key (service_id, esp_id) references account_accounts (service_id, id)
);
comment on table chat_cards is 'What an ESP who steps out leaves for who comes next, sealed with the key of that conversation and erased with it. Its person reads it first: nobody else does before approved is true.';
