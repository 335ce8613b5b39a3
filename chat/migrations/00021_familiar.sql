-- +goose Up
alter table chat_places add prefers_id uuid,
  add constraint chat_places_prefers foreign key (service_id, prefers_id) references account_accounts (service_id, id) on delete set null (prefers_id);
comment on column chat_places.prefers_id is 'Whom the person would like to talk with again, as long as they wait; whether that ESP wants to, they say by accepting.';
