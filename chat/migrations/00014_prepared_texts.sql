-- +goose Up
create table chat_prepared (
  id         uuid        primary key,
  service_id uuid        not null references account_services,
  version    integer     not null default 1,
  removed_at timestamptz,
  constraint chat_prepared_in_service unique (service_id, id),
  constraint chat_prepared_version_positive check (version > 0)
);
create index chat_prepared_of_service on chat_prepared (service_id) where removed_at is null;
comment on table chat_prepared is 'Texts that ESPs have at hand in a conversation. What one says stands in its versions.';

create table chat_prepared_versions (
  prepared_id uuid        not null,
  version     integer     not null,
  service_id  uuid        not null references account_services,
  title       text        not null,
  text        text        not null,
  written_by  uuid        not null,
  written_at  timestamptz not null default clock_timestamp(),
  constraint chat_prepared_versions_once primary key (prepared_id, version),
  constraint chat_prepared_versions_of foreign key (service_id, prepared_id) references chat_prepared (service_id, id),
  constraint chat_prepared_versions_author foreign key (service_id, written_by) references account_accounts (service_id, id),
  constraint chat_prepared_versions_length check (char_length(title) between 3 and 80 and char_length(text) between 1 and 1000)
);
comment on table chat_prepared_versions is 'Every version of a prepared text, with who wrote it.';
