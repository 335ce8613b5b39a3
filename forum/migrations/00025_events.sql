-- +goose Up
alter table forum_threads add column beside int not null default 0;
comment on column forum_threads.beside is 'How often what stands beside the posts has changed, as the hour of an event: a page that is open looks again.';

create table forum_events (
  thread_id        uuid        primary key,
  service_id       uuid        not null references account_services,
  starts_at        timestamptz not null,
  ends_at          timestamptz not null,
  online           boolean     not null,
  place            text        not null,
  sequence         int         not null default 0,
  changed_at       timestamptz not null default clock_timestamp(),
  cancelled_at     timestamptz,
  cancelled_reason text        not null default '',
  constraint forum_events_thread foreign key (service_id, thread_id) references forum_threads (service_id, id) on delete cascade,
  constraint forum_events_ends_later check (ends_at > starts_at),
  constraint forum_events_somewhere check (online or place <> ''),
  constraint forum_events_cancelled_why check ((cancelled_at is null) = (cancelled_reason = ''))
);
create index forum_events_by_end on forum_events (service_id, ends_at);
comment on table forum_events is 'When and where an event takes place: the data of a thread of that kind. sequence: how often it was changed, for calendars that have it. Cancelled it stays, with a word why.';

create table forum_feeds (
  account_id uuid        primary key,
  service_id uuid        not null references account_services,
  token_hash bytea       not null,
  made_at    timestamptz not null default clock_timestamp(),
  constraint forum_feeds_token_once unique (token_hash),
  constraint forum_feeds_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade
);
comment on table forum_feeds is 'The secret address at which a calendar program finds the events that somebody may read: only its hash. One for each account, and gone when they withdraw it.';
