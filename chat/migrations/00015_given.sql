-- +goose Up
create table chat_given (
  id          uuid        primary key,
  service_id  uuid        not null references account_services,
  account_id  uuid        not null,
  given_by    uuid        not null,
  key_id      text        not null,
  key_wrapped bytea       not null,
  page_sealed bytea       not null,
  given_at    timestamptz not null default clock_timestamp(),
  kept_until  timestamptz,
  constraint chat_given_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade,
  constraint chat_given_by foreign key (service_id, given_by) references account_accounts (service_id, id),
  constraint chat_given_to_another check (account_id <> given_by)
);
create index chat_given_to on chat_given (account_id, given_at desc, id);
create index chat_given_over on chat_given (kept_until) where kept_until is not null;
comment on column chat_given.kept_until is 'Of guests, who cannot come back to it for ever. Null: until it is put away.';
comment on table chat_given is 'Which pages of information an ESP has given somebody, each sealed with a key of its own: they tell what troubles them. They stay when the conversation is erased, until the person puts them away or is forgotten.';
