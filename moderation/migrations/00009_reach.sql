-- +goose Up
create table moderation_reaches (
  id           uuid        not null constraint moderation_reaches_pk primary key,
  service_id   uuid        not null constraint moderation_reaches_service references account_services,
  account_id   uuid        not null,
  channel      text        not null constraint moderation_reaches_channel check (channel in ('mail', 'push')),
  mark         bytea       not null,
  address      bytea       not null,
  wrapped      bytea       not null,
  key_id       text        not null,
  locale       text        not null,
  code         bytea,
  tries        smallint    not null default 0,
  asked_at     timestamptz not null default now(),
  confirmed_at timestamptz,
  told_at      timestamptz,
  told         text        constraint moderation_reaches_told check (told in ('sent', 'failed')),
  constraint moderation_reaches_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade,
  constraint moderation_reaches_once unique (account_id, mark),
  constraint moderation_reaches_confirmed check ((confirmed_at is null) = (code is not null)),
  constraint moderation_reaches_told_whole check ((told_at is null) = (told is null))
);
comment on table moderation_reaches is 'Where somebody of the staff is told of alerts away from the console: addresses sealed, each under a key of its own.';
comment on column moderation_reaches.mark is 'Keyed hash of the address: the same one is kept once, and nobody can look for one.';
comment on column moderation_reaches.code is 'Keyed hash of the code that was sent to a mail address; null when the address was confirmed.';

create table moderation_quiet (
  service_id uuid     not null constraint moderation_quiet_service references account_services,
  account_id uuid     not null constraint moderation_quiet_pk primary key,
  from_min   smallint not null constraint moderation_quiet_from check (from_min between 0 and 1439),
  to_min     smallint not null constraint moderation_quiet_to check (to_min between 0 and 1439),
  zone       text     not null,
  constraint moderation_quiet_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade,
  constraint moderation_quiet_some check (from_min <> to_min)
);
comment on table moderation_quiet is 'Between which minutes of the day somebody is not told by mail or push, but for the last rung of the ladder.';

create table moderation_push_keys (
  service_id uuid  not null constraint moderation_push_keys_pk primary key constraint moderation_push_keys_service references account_services,
  key        bytea not null,
  wrapped    bytea not null,
  key_id     text  not null
);
comment on table moderation_push_keys is 'With which a service shows push providers that it is itself (RFC 8292), sealed. Another key would silence every device.';

alter table moderation_notifications add column reach_id uuid;
alter table moderation_notifications drop constraint moderation_notifications_channel;
alter table moderation_notifications add constraint moderation_notifications_channel check (channel in ('console', 'webhook', 'mail', 'push'));
alter table moderation_notifications drop constraint moderation_notifications_to;
alter table moderation_notifications add constraint moderation_notifications_to check ((channel <> 'webhook') = (account_id is not null));
alter table moderation_notifications add constraint moderation_notifications_reach check ((channel in ('mail', 'push')) = (reach_id is not null));
alter table moderation_notifications drop constraint moderation_notifications_once;
alter table moderation_notifications add constraint moderation_notifications_once unique nulls not distinct (escalation_id, fence, channel, account_id, reach_id);
comment on column moderation_notifications.reach_id is 'The mail address or device; it may be gone since.';
