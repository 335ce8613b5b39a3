-- +goose Up
create table forum_mutes (
  id         uuid        primary key,
  service_id uuid        not null references account_services,
  account_id uuid        not null,
  muted_id   uuid        not null,
  muted_at   timestamptz not null default clock_timestamp(),
  constraint forum_mutes_once unique (account_id, muted_id),
  constraint forum_mutes_others check (account_id <> muted_id),
  constraint forum_mutes_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade,
  constraint forum_mutes_muted foreign key (service_id, muted_id) references account_accounts (service_id, id) on delete cascade
);
create index forum_mutes_by_muted on forum_mutes (muted_id);
comment on table forum_mutes is 'Whose texts somebody does not want to meet: they get them folded. Nobody else learns of it.';

create table forum_filters (
  account_id   uuid    primary key,
  service_id   uuid    not null references account_services,
  open_noted   boolean not null default false,
  key_id       text    not null,
  key_wrapped  bytea   not null,
  words_sealed bytea   not null,
  constraint forum_filters_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade
);
comment on table forum_filters is 'Which words somebody does not want to meet, sealed with a key of the row''s own: they tell what hurts. open_noted: they want texts with content notes unfolded.';
