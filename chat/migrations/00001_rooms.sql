-- +goose Up
create table chat_epoch (
  only_one boolean primary key default true,
  id       uuid    not null default gen_random_uuid(),
  constraint chat_epoch_single check (only_one)
);
comment on table chat_epoch is 'The history this database tells. A restore replaces it, so that clients ask for everything again. Belongs to no service.';
insert into chat_epoch default values;

create table chat_rooms (
  id                uuid        primary key,
  service_id        uuid        not null references account_services,
  person_id         uuid        not null,
  state             text        not null default 'waiting',
  key_id            text        not null,
  key_wrapped       bytea       not null,
  topic_sealed      bytea       not null,
  last_seq          bigint      not null default 0,
  authority_version bigint      not null default 1,
  feeling_before    smallint,
  feeling_after     smallint,
  created_at        timestamptz not null default now(),
  started_at        timestamptz,
  ended_at          timestamptz,
  ended_by          smallint,
  constraint chat_rooms_in_service unique (service_id, id),
  constraint chat_rooms_person foreign key (service_id, person_id) references account_accounts (service_id, id),
  constraint chat_rooms_one_state check (
    (state = 'waiting' and started_at is null and ended_at is null and ended_by is null) or
    (state = 'open' and started_at is not null and ended_at is null and ended_by is null) or
    (state = 'ended' and ended_at is not null)),
  constraint chat_rooms_quiet_before_start check (started_at is not null or last_seq = 0),
  constraint chat_rooms_feeling check (feeling_before between 0 and 10 and feeling_after between 0 and 10)
);
create index chat_rooms_by_person on chat_rooms (person_id, created_at desc);
create index chat_rooms_open on chat_rooms (service_id) where state = 'open';
comment on table chat_rooms is 'One conversation from the moment its person begins to wait. last_seq is bumped under the row lock; authority_version whenever somebody joins or leaves. Without key_wrapped nothing of the room can be read.';

create table chat_participants (
  room_id    uuid        not null,
  service_id uuid        not null references account_services,
  number     smallint    not null,
  account_id uuid        not null,
  part       text        not null,
  joined_at  timestamptz not null default now(),
  left_at    timestamptz,
  constraint chat_participants_pkey primary key (room_id, number),
  constraint chat_participants_once unique (room_id, account_id),
  constraint chat_participants_room foreign key (service_id, room_id) references chat_rooms (service_id, id) on delete cascade,
  constraint chat_participants_account foreign key (service_id, account_id) references account_accounts (service_id, id),
  constraint chat_participants_part_known check (part in ('person', 'esp', 'tutor')),
  constraint chat_participants_person_is_first check ((part = 'person') = (number = 1))
);
create unique index chat_participants_cap on chat_participants (account_id) where part = 'esp' and left_at is null;
create index chat_participants_by_account on chat_participants (account_id, joined_at desc);
comment on table chat_participants is 'Who takes part in a room, by a number that is all the other side ever learns. left_at ends the right to hear. An ESP holds one conversation.';

create table chat_offers (
  id          uuid        primary key,
  service_id  uuid        not null references account_services,
  place_id    uuid        not null,
  esp_id      uuid        not null,
  state       text        not null default 'open',
  made_at     timestamptz not null default now(),
  expires_at  timestamptz not null,
  answered_at timestamptz,
  constraint chat_offers_of_place unique (place_id, id),
  constraint chat_offers_esp foreign key (service_id, esp_id) references account_accounts (service_id, id),
  constraint chat_offers_state_known check (state in ('open', 'accepted', 'passed', 'expired', 'withdrawn')),
  constraint chat_offers_answered check ((state = 'open') = (answered_at is null))
);
create unique index chat_offers_one_open_per_place on chat_offers (place_id) where state = 'open';
create unique index chat_offers_one_accepted_per_place on chat_offers (place_id) where state = 'accepted';
create unique index chat_offers_one_open_per_esp on chat_offers (esp_id) where state = 'open';
create index chat_offers_by_esp on chat_offers (esp_id, made_at desc);
comment on table chat_offers is 'Proposals of a waiting person to one ESP. At most one is open for a place and for an ESP, at most one is ever accepted.';

create table chat_places (
  id         uuid        primary key,
  service_id uuid        not null references account_services,
  room_id    uuid        not null,
  person_id  uuid        not null,
  state      text        not null default 'waiting',
  offer_id   uuid,
  level      smallint    not null,
  feeling    smallint,
  escalation_id uuid references moderation_escalations,
  created_at timestamptz not null default now(),
  seen_at    timestamptz not null default now(),
  started_at timestamptz,
  ended_at   timestamptz,
  end_reason text,
  constraint chat_places_one_per_room unique (room_id),
  constraint chat_places_room foreign key (service_id, room_id) references chat_rooms (service_id, id) on delete cascade,
  constraint chat_places_person foreign key (service_id, person_id) references account_accounts (service_id, id),
  constraint chat_places_offer foreign key (id, offer_id) references chat_offers (place_id, id),
  constraint chat_places_level_known check (level between -1 and 3),
  constraint chat_places_feeling check (feeling between 0 and 10),
  constraint chat_places_flagged_is_escalated check (level <= 0 or escalation_id is not null),
  constraint chat_places_end_reason_known check (end_reason in ('left', 'unseen', 'talked')),
  constraint chat_places_one_state check (
    (state = 'waiting' and offer_id is null and started_at is null and ended_at is null and end_reason is null) or
    (state = 'offered' and offer_id is not null and started_at is null and ended_at is null and end_reason is null) or
    (state = 'in_session' and offer_id is null and started_at is not null and ended_at is null and end_reason is null) or
    (state = 'ended' and offer_id is null and ended_at is not null and end_reason is not null))
);
create unique index chat_places_one_open_per_person on chat_places (person_id) where state <> 'ended';
create index chat_places_queue on chat_places (service_id, level desc, created_at) where state in ('waiting', 'offered');
comment on table chat_places is 'Places in the waiting room. Exactly one state at a time: waiting, offered to an ESP, in session, ended; one open place per person. seen_at keeps the place over a reload.';
alter table chat_offers add constraint chat_offers_place foreign key (place_id) references chat_places on delete cascade;

create table chat_messages (
  room_id      uuid        not null,
  seq          bigint      not null,
  service_id   uuid        not null references account_services,
  sender_id    uuid        not null,
  number       smallint    not null,
  cid          text        not null,
  kind         text        not null,
  key_id       text        not null,
  text_version smallint    not null default 1,
  body_sealed  bytea       not null,
  body_sum     bytea       not null,
  level        smallint    not null,
  escalation_id uuid references moderation_escalations,
  at           timestamptz not null default clock_timestamp(),
  hidden_at    timestamptz,
  hidden_by    uuid,
  hidden_reason text,
  constraint chat_messages_pkey primary key (room_id, seq),
  constraint chat_messages_once unique (sender_id, cid),
  constraint chat_messages_room foreign key (service_id, room_id) references chat_rooms (service_id, id) on delete cascade,
  constraint chat_messages_from_participant foreign key (room_id, number) references chat_participants (room_id, number) on delete cascade,
  constraint chat_messages_sender foreign key (service_id, sender_id) references account_accounts (service_id, id),
  constraint chat_messages_seq_from_one check (seq >= 1),
  constraint chat_messages_kind_known check (kind in ('text', 'joined', 'ended')),
  constraint chat_messages_cid_length check (length(cid) between 22 and 36),
  constraint chat_messages_level_known check (level between -1 and 3),
  constraint chat_messages_flagged_is_escalated check (level <= 0 or escalation_id is not null),
  constraint chat_messages_hidden_whole check ((hidden_at is null) = (hidden_reason is null))
);
create index chat_messages_unscored on chat_messages (at) where level = -1;
comment on table chat_messages is 'What was said, sealed with the room''s key. seq has no holes within a room; (sender, cid) makes a resend harmless. level -1 is not read by triage yet.';
comment on column chat_messages.body_sum is 'Keyed hash under the room''s key: tells a resend from a reused cid. Worthless without the key.';

create table chat_openings (
  room_id    uuid        not null,
  service_id uuid        not null references account_services,
  account_id uuid        not null,
  opened_at  timestamptz not null default now(),
  constraint chat_openings_pkey primary key (room_id, account_id, opened_at),
  constraint chat_openings_room foreign key (service_id, room_id) references chat_rooms (service_id, id) on delete cascade,
  constraint chat_openings_account foreign key (service_id, account_id) references account_accounts (service_id, id)
);
comment on table chat_openings is 'When a tutor opened a conversation because of an escalation. Each lasts 60 minutes, is audited first, and its person can see it.';
create index chat_places_unscored on chat_places (created_at) where level = -1;
create index chat_places_seen on chat_places (seen_at) where state in ('waiting', 'offered');
create index chat_places_started on chat_places (service_id, started_at desc) where started_at is not null;
create index chat_participants_tutors_here on chat_participants (room_id) where part = 'tutor' and left_at is null;
