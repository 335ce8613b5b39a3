-- +goose Up
create table forum_round_tables (
  thread_id    uuid        primary key,
  service_id   uuid        not null references account_services,
  phase        text        not null default 'standing',
  election     int         not null default 1,
  result       text        not null default '',
  stand_until  timestamptz not null,
  stand_for    interval    not null,
  vote_for     interval    not null,
  moderator_id uuid,
  speaker_id   uuid,
  constraint forum_round_tables_thread foreign key (service_id, thread_id) references forum_threads (service_id, id) on delete cascade,
  constraint forum_round_tables_moderator foreign key (service_id, moderator_id) references account_accounts (service_id, id),
  constraint forum_round_tables_speaker foreign key (service_id, speaker_id) references account_accounts (service_id, id),
  constraint forum_round_tables_phase_known check (phase in ('standing', 'voting', 'waiting', 'running', 'ended')),
  constraint forum_round_tables_result_known check (result in ('', 'elected', 'lot', 'tie', 'nobody', 'too_few', 'left')),
  constraint forum_round_tables_run_by_one check ((phase <> 'running' or moderator_id is not null) and (phase in ('running', 'ended') or moderator_id is null)),
  constraint forum_round_tables_speaker_while_it_runs check (speaker_id is null or phase = 'running' and speaker_id <> moderator_id)
);
create index forum_round_tables_by_end on forum_round_tables (stand_until) where phase = 'standing';
create index forum_round_tables_running on forum_round_tables (thread_id) where phase = 'running';
comment on table forum_round_tables is 'How a round table stands: who was elected to run it, and who has the word. result is of the latest election; it stays in ''waiting'' until somebody of the staff calls another one. Its row is locked by whatever changes it, so that two instances agree.';

create table forum_round_writings (
  post_id      uuid not null primary key,
  service_id   uuid not null references account_services,
  thread_id    uuid not null references forum_round_tables on delete cascade,
  account_id   uuid not null,
  purpose      text not null,
  election     int  not null,
  constraint forum_round_writings_account foreign key (service_id, account_id) references account_accounts (service_id, id),
  constraint forum_round_writings_purpose_known check (purpose in ('opening', 'candidacy', 'agenda', 'ballot', 'minutes'))
);
create unique index forum_round_writings_stand_once on forum_round_writings (thread_id, election, account_id) where purpose = 'candidacy';
create index forum_round_writings_by_thread on forum_round_writings (thread_id);
comment on table forum_round_writings is 'What a post at a round table is for. It counts while its post stands there and can be read; a post that is read before it appears has its row already, so nothing here points to it.';

create table forum_round_points (
  id         uuid        primary key,
  service_id uuid        not null references account_services,
  thread_id  uuid        not null references forum_round_tables on delete cascade,
  post_id    uuid        not null references forum_round_writings on delete cascade,
  position   int         not null,
  point      text        not null,
  opened_at  timestamptz,
  closed_at  timestamptz,
  constraint forum_round_points_once unique (post_id, position),
  constraint forum_round_points_length check (char_length(point) <= 120),
  constraint forum_round_points_closed_later check (closed_at is null or closed_at >= opened_at)
);
create index forum_round_points_by_thread on forum_round_points (thread_id);
create unique index forum_round_points_one_open on forum_round_points (thread_id) where opened_at is not null and closed_at is null;
comment on table forum_round_points is 'The agenda of a round table. Each post that sets one brings its own points: of the others those count that were opened.';

create table forum_round_hands (
  id         uuid        primary key,
  service_id uuid        not null references account_services,
  thread_id  uuid        not null references forum_round_tables on delete cascade,
  account_id uuid        not null,
  asked_at   timestamptz not null default clock_timestamp(),
  constraint forum_round_hands_once unique (thread_id, account_id),
  constraint forum_round_hands_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade
);
comment on table forum_round_hands is 'Who asks for the word at a round table, in the order of asking.';

create table forum_round_guests (
  id           uuid        primary key,
  service_id   uuid        not null references account_services,
  thread_id    uuid        not null references forum_round_tables on delete cascade,
  account_id   uuid        not null,
  account_role text        not null,
  invited_at   timestamptz not null default clock_timestamp(),
  constraint forum_round_guests_once unique (thread_id, account_id),
  constraint forum_round_guests_are_staff check (account_role in ('esp', 'senior', 'tutor')),
  constraint forum_round_guests_account foreign key (service_id, account_id, account_role) references account_accounts (service_id, id, role) on update cascade on delete cascade
);
comment on table forum_round_guests is 'Who of the staff was invited to a round table by whom the people elected: nobody else of the staff speaks at it.';

create table forum_ballots (
  id          uuid        primary key,
  service_id  uuid        not null references account_services,
  thread_id   uuid        not null references forum_round_tables on delete cascade,
  post_id     uuid        references forum_round_writings on delete cascade,
  election    int         not null default 0,
  second      boolean     not null default false,
  question    text        not null default '',
  opened_at   timestamptz not null default clock_timestamp(),
  closes_at   timestamptz not null,
  counted_at  timestamptz,
  voters      int         not null default 0,
  key_id      text        not null,
  key_wrapped bytea       not null,
  tally       bytea       not null,
  constraint forum_ballots_in_service unique (service_id, id),
  constraint forum_ballots_about_something check ((post_id is null) = (election > 0) and (election > 0 or not second)),
  constraint forum_ballots_closes_later check (closes_at > opened_at),
  constraint forum_ballots_question_length check (char_length(question) <= 200),
  constraint forum_ballots_counted_once check (counted_at is null or tally = '' and key_wrapped = '')
);
create unique index forum_ballots_election_once on forum_ballots (thread_id, election, second) where election > 0;
create index forum_ballots_by_thread on forum_ballots (thread_id);
create index forum_ballots_by_end on forum_ballots (closes_at) where counted_at is null;
comment on table forum_ballots is 'Anonymous ballots. The votes of an open one are a tally sealed with a key that does not lie in the database and sealed anew at each vote, always as long: no row, row version, log or backup of PostgreSQL tells what was voted, nor by whom. When it is counted the tally and its key go.';

create table forum_ballot_options (
  ballot_id    uuid     not null references forum_ballots on delete cascade,
  position     smallint not null,
  service_id   uuid     not null references account_services,
  label        text     not null default '',
  candidate_id uuid,
  votes        int,
  constraint forum_ballot_options_once primary key (ballot_id, position),
  constraint forum_ballot_options_candidate foreign key (service_id, candidate_id) references account_accounts (service_id, id),
  constraint forum_ballot_options_length check (char_length(label) <= 100),
  constraint forum_ballot_options_votes check (votes >= 0)
);
comment on table forum_ballot_options is 'What can be voted for. votes are told once the ballot is counted and if at least three voted; null before, and otherwise.';

create table forum_ballot_voters (
  ballot_id    uuid not null,
  account_id   uuid not null,
  service_id   uuid not null,
  account_role text not null,
  constraint forum_ballot_voters_once primary key (ballot_id, account_id),
  constraint forum_ballot_voters_ballot foreign key (service_id, ballot_id) references forum_ballots (service_id, id) on delete cascade,
  constraint forum_ballot_voters_are_people check (account_role in ('member', 'family')),
  constraint forum_ballot_voters_account foreign key (service_id, account_id, account_role) references account_accounts (service_id, id, role) on update cascade on delete cascade
);
comment on table forum_ballot_voters is 'Who has voted in a ballot that is open, so that nobody votes twice: not what, not when. The rows go when it is counted.';
