-- +goose Up
create table forum_digests (
  account_id uuid     primary key,
  service_id uuid     not null references account_services,
  every      text     not null default 'never',
  weekday    smallint not null default 1,
  hour       smallint not null default 9,
  quiet_from smallint not null default 0,
  quiet_to   smallint not null default 0,
  constraint forum_digests_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade,
  constraint forum_digests_every_known check (every in ('never', 'day', 'week')),
  constraint forum_digests_when check (weekday between 0 and 6 and hour between 0 and 23 and quiet_from between 0 and 1439 and quiet_to between 0 and 1439)
);
comment on table forum_digests is 'How often somebody asked to be told what is new to them in the forum, and when they want to be told nothing: minutes of the day in the service''s time zone, none when both are the same. No row: never, and no quiet hours.';

create table forum_digest_ways (
  id           uuid        primary key,
  service_id   uuid        not null references account_services,
  account_id   uuid        not null,
  channel      text        not null,
  mark         bytea       not null,
  key_id       text        not null,
  key_wrapped  bytea       not null,
  way_sealed   bytea       not null,
  locale       text        not null,
  asked_at     timestamptz not null default now(),
  confirm_mark bytea,
  leave_mark   bytea,
  confirmed_at timestamptz,
  due_at       timestamptz,
  tries        integer     not null default 0,
  told_until   timestamptz not null default now(),
  told_at      timestamptz,
  failed       boolean     not null default false,
  constraint forum_digest_ways_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade,
  constraint forum_digest_ways_channel_known check (channel in ('mail', 'push')),
  constraint forum_digest_ways_once unique (account_id, mark),
  constraint forum_digest_ways_confirmed check ((confirm_mark is null) = (confirmed_at is not null) and (due_at is null or confirmed_at is not null)),
  constraint forum_digest_ways_mail_is_left check ((channel = 'mail') = (leave_mark is not null))
);
create index forum_digest_ways_due on forum_digest_ways (channel, due_at) where due_at is not null;
create unique index forum_digest_ways_confirm on forum_digest_ways (confirm_mark) where confirm_mark is not null;
create unique index forum_digest_ways_leave on forum_digest_ways (leave_mark) where leave_mark is not null;
comment on table forum_digest_ways is 'Addresses and browsers that take somebody''s digest, sealed with a key of the row''s own. An address takes nothing but the letter that asks whether it is right until confirmed_at. due_at is when its next digest is: a row is taken by moving it, so that no two instances send the same.';
comment on column forum_digest_ways.told_until is 'What was written before counts as told.';

create table forum_digest_asked (
  way_id     uuid        primary key,
  service_id uuid        not null references account_services,
  account_id uuid        not null,
  mark       bytea       not null,
  at         timestamptz not null default now(),
  constraint forum_digest_asked_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade
);
create index forum_digest_asked_by_account on forum_digest_asked (account_id);
create index forum_digest_asked_by_mark on forum_digest_asked (mark);
comment on table forum_digest_asked is 'Letters that asked whether an address is right, for a day: so that nobody has many sent to somebody else. mark is a keyed hash of the address.';
