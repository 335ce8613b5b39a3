-- +goose Up
-- An ordered type: levels are compared, never their names.
create type moderation_level as enum ('amber', 'red', 'crisis');

create table moderation_settings (
  service_id     uuid  not null constraint moderation_settings_pk primary key constraint moderation_settings_service references account_services,
  webhook_url    text  not null default '',
  webhook_secret bytea,
  secret_wrapped bytea,
  secret_key_id  text,
  constraint moderation_settings_webhook_whole check ((webhook_url = '') = (webhook_secret is null)
    and (webhook_secret is null) = (secret_wrapped is null) and (secret_wrapped is null) = (secret_key_id is null))
);
comment on table moderation_settings is 'The outside channel of a service: where the last rung of the ladder is announced, and the sealed secret that signs it.';

create table moderation_escalations (
  id              uuid             not null constraint moderation_escalations_pk primary key,
  service_id      uuid             not null constraint moderation_escalations_service references account_services,
  subject_kind    text             not null constraint moderation_escalations_kind check (subject_kind in ('room', 'message', 'post')),
  subject_id      text             not null,
  level           moderation_level not null,
  category        text             not null,
  rules           text[]           not null default '{}',
  person_id       uuid,
  esp_id          uuid,
  state           text             not null default 'raised' constraint moderation_escalations_state check (state in ('raised', 'offered', 'acknowledged', 'closed')),
  rung            smallint         not null default 0 constraint moderation_escalations_rung check (rung between 0 and 5),
  round           integer          not null default 0,
  fence           bigint           not null default 1,
  raised_at       timestamptz      not null default now(),
  due_at          timestamptz      default now(),
  owner_id        uuid,
  acknowledged_at timestamptz,
  acted_at        timestamptz,
  closed_at       timestamptz,
  outcome         text             constraint moderation_escalations_outcome check (outcome in ('talked', 'handed_over', 'emergency_called', 'no_contact', 'no_risk')),
  note            bytea,
  note_wrapped    bytea,
  note_key_id     text,
  constraint moderation_escalations_in_service unique (service_id, id),
  constraint moderation_escalations_person foreign key (service_id, person_id) references account_accounts (service_id, id) on delete set null (person_id),
  constraint moderation_escalations_esp foreign key (service_id, esp_id) references account_accounts (service_id, id) on delete set null (esp_id),
  constraint moderation_escalations_owner foreign key (service_id, owner_id) references account_accounts (service_id, id),
  constraint moderation_escalations_always_due check ((state = 'closed') = (due_at is null)),
  constraint moderation_escalations_owned check ((state in ('acknowledged', 'closed')) = (owner_id is not null)),
  constraint moderation_escalations_closed_whole check ((state = 'closed') = (closed_at is not null) and (state = 'closed') = (outcome is not null)
    and (state = 'closed') = (note is not null) and (note is null) = (note_wrapped is null) and (note is null) = (note_key_id is null))
);
create unique index moderation_escalations_one_open on moderation_escalations (service_id, subject_kind, subject_id) where state <> 'closed';
create index moderation_escalations_due on moderation_escalations (due_at) where state <> 'closed';
create index moderation_escalations_open on moderation_escalations (service_id, level desc, raised_at) where state <> 'closed';
create index moderation_escalations_by_subject on moderation_escalations (service_id, subject_kind, subject_id, raised_at desc);
create index moderation_escalations_by_owner on moderation_escalations (owner_id, acknowledged_at desc) where owner_id is not null;
comment on table moderation_escalations is 'Risks that a human must own. One open row for each subject; a higher level lifts it. Only closed is final and it needs owner, outcome and note. Never deleted.';

create table moderation_causes (
  id            bigint           generated always as identity constraint moderation_causes_pk primary key,
  service_id    uuid             not null constraint moderation_causes_service references account_services,
  escalation_id uuid             not null,
  kind          text             not null constraint moderation_causes_kind check (kind in ('message', 'post', 'waiting', 'person', 'esp', 'moderator')),
  ref           text             not null,
  level         moderation_level not null,
  category      text             not null,
  rules         text[]           not null default '{}',
  at            timestamptz      not null default now(),
  constraint moderation_causes_escalation foreign key (service_id, escalation_id) references moderation_escalations (service_id, id),
  constraint moderation_causes_once unique (service_id, kind, ref)
);
create index moderation_causes_by_escalation on moderation_causes (escalation_id, id desc);
comment on table moderation_causes is 'What raised an escalation: every flagged message, post or request, once, with the level it was read at.';

create table moderation_routes (
  id            bigint           generated always as identity constraint moderation_routes_pk primary key,
  service_id    uuid             not null constraint moderation_routes_service references account_services,
  escalation_id uuid             not null,
  account_id    uuid             not null,
  role          text             not null constraint moderation_routes_role check (role in ('esp', 'senior', 'tutor')),
  level         moderation_level not null,
  since         timestamptz      not null default now(),
  until         timestamptz,
  constraint moderation_routes_escalation foreign key (service_id, escalation_id) references moderation_escalations (service_id, id),
  constraint moderation_routes_account foreign key (service_id, account_id) references account_accounts (service_id, id),
  constraint moderation_routes_serious_to_tutors check (role = 'tutor' or level = 'amber')
);
create unique index moderation_routes_one_open on moderation_routes (escalation_id, account_id) where until is null;
create index moderation_routes_by_account on moderation_routes (account_id, escalation_id) where until is null;
comment on table moderation_routes is 'To whom an escalation was routed, from when until when: exactly they may see and acknowledge it. Red and crisis only to tutors.';

create table moderation_steps (
  id            bigint           generated always as identity constraint moderation_steps_pk primary key,
  service_id    uuid             not null constraint moderation_steps_service references account_services,
  escalation_id uuid             not null,
  fence         bigint           not null,
  kind          text             not null constraint moderation_steps_kind check (kind in ('raised', 'joined', 'lifted', 'rung', 'arrived', 'acknowledged', 'acted', 'kept', 'reopened', 'closed')),
  level         moderation_level not null,
  rung          smallint         not null,
  round         integer          not null,
  actor_id      uuid,
  at            timestamptz      not null default now(),
  due_at        timestamptz,
  constraint moderation_steps_escalation foreign key (service_id, escalation_id) references moderation_escalations (service_id, id),
  constraint moderation_steps_fence unique (escalation_id, fence),
  constraint moderation_steps_due check ((kind = 'closed') = (due_at is null))
);
comment on table moderation_steps is 'The history of each escalation: one row for each change, numbered by its fence, with when the next was due. Never changed.';

create table moderation_notifications (
  id            bigint           generated always as identity constraint moderation_notifications_pk primary key,
  service_id    uuid             not null constraint moderation_notifications_service references account_services,
  escalation_id uuid             not null,
  fence         bigint           not null,
  level         moderation_level not null,
  rung          smallint         not null,
  channel       text             not null constraint moderation_notifications_channel check (channel in ('console', 'webhook')),
  account_id    uuid,
  state         text             not null default 'pending' constraint moderation_notifications_state check (state in ('pending', 'sent', 'failed', 'unconfigured')),
  attempts      integer          not null default 0,
  created_at    timestamptz      not null default now(),
  next_at       timestamptz      not null default now(),
  ended_at      timestamptz,
  constraint moderation_notifications_step foreign key (escalation_id, fence) references moderation_steps (escalation_id, fence),
  constraint moderation_notifications_account foreign key (service_id, account_id) references account_accounts (service_id, id),
  constraint moderation_notifications_to check ((channel = 'console') = (account_id is not null)),
  constraint moderation_notifications_end check ((state = 'pending') = (ended_at is null)),
  constraint moderation_notifications_once unique nulls not distinct (escalation_id, fence, channel, account_id)
);
create index moderation_notifications_pending on moderation_notifications (next_at) where state = 'pending';
comment on table moderation_notifications is 'What the steps of the ladder owe: written once with the step, delivered at least once. No content.';

create table moderation_cases (
  id              uuid        not null constraint moderation_cases_pk primary key,
  service_id      uuid        not null constraint moderation_cases_service references account_services,
  subject_kind    text        not null constraint moderation_cases_kind check (subject_kind in ('room', 'message', 'post')),
  subject_id      text        not null,
  author_id       uuid        not null,
  state           text        not null default 'open' constraint moderation_cases_state check (state in ('open', 'decided')),
  opened_at       timestamptz not null default now(),
  claimed_by      uuid,
  claimed_until   timestamptz,
  decided_by      uuid,
  decided_at      timestamptz,
  decision        text        constraint moderation_cases_decision check (decision in ('none', 'hide')),
  statement       bytea,
  text_wrapped    bytea       not null,
  text_key_id     text        not null,
  constraint moderation_cases_in_service unique (service_id, id),
  constraint moderation_cases_author foreign key (service_id, author_id) references account_accounts (service_id, id) on delete cascade,
  constraint moderation_cases_claimer foreign key (service_id, claimed_by) references account_accounts (service_id, id),
  constraint moderation_cases_decider foreign key (service_id, decided_by) references account_accounts (service_id, id),
  constraint moderation_cases_not_ones_own check (claimed_by <> author_id and decided_by <> author_id),
  constraint moderation_cases_claim_whole check ((claimed_by is null) = (claimed_until is null)),
  constraint moderation_cases_decided_whole check ((state = 'decided') = (decided_by is not null) and (state = 'decided') = (decided_at is not null)
    and (state = 'decided') = (decision is not null) and (statement is not null) = (decision is not distinct from 'hide'))
);
create unique index moderation_cases_one_open on moderation_cases (service_id, subject_kind, subject_id) where state = 'open';
create index moderation_cases_queue on moderation_cases (service_id, opened_at, id) where state = 'open';
create index moderation_cases_by_author on moderation_cases (author_id);
comment on table moderation_cases is 'What moderators work on: reported content, one open case for each, with the claim that holds it and the decision. statement and report notes are sealed under the key of the case.';

create table moderation_reports (
  id          uuid        not null constraint moderation_reports_pk primary key,
  service_id  uuid        not null constraint moderation_reports_service references account_services,
  case_id     uuid        not null,
  reporter_id uuid        not null,
  reason      text        not null constraint moderation_reports_reason check (reason in ('danger', 'harassment', 'privacy', 'advice', 'spam', 'other')),
  note        bytea,
  reported_at timestamptz not null default now(),
  constraint moderation_reports_case foreign key (service_id, case_id) references moderation_cases (service_id, id) on delete cascade,
  constraint moderation_reports_reporter foreign key (service_id, reporter_id) references account_accounts (service_id, id) on delete cascade,
  constraint moderation_reports_once unique (case_id, reporter_id)
);
create index moderation_reports_by_reporter on moderation_reports (reporter_id, reported_at desc);
comment on table moderation_reports is 'Who reported what and why. Shown to moderators without the reporter.';

create table moderation_notices (
  id           uuid        not null constraint moderation_notices_pk primary key,
  service_id   uuid        not null constraint moderation_notices_service references account_services,
  account_id   uuid        not null,
  case_id      uuid        not null,
  kind         text        not null constraint moderation_notices_kind check (kind in ('hidden', 'report_hidden', 'report_kept')),
  noticed_at   timestamptz not null default now(),
  read_at      timestamptz,
  constraint moderation_notices_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade,
  constraint moderation_notices_case foreign key (service_id, case_id) references moderation_cases (service_id, id) on delete cascade,
  constraint moderation_notices_once unique (account_id, case_id, kind)
);
create index moderation_notices_by_account on moderation_notices (account_id, noticed_at desc);
create index moderation_notices_unread on moderation_notices (account_id) where read_at is null;
comment on table moderation_notices is 'What people are told about decisions: the author with the statement of reasons, each reporter with the outcome.';
