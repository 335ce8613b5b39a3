-- +goose Up
create table moderation_rules (
  service_id   uuid        not null constraint moderation_rules_service references account_services,
  version      integer     not null,
  changes      jsonb       not null,
  state        text        not null default 'draft' constraint moderation_rules_state check (state in ('draft', 'asked', 'dropped', 'active', 'past')),
  changed_by   uuid        not null,
  changed_at   timestamptz not null default now(),
  why          text        not null default '',
  asked_by     uuid,
  asked_at     timestamptz,
  approved_by  uuid,
  approved_at  timestamptz,
  active_by    uuid,
  active_since timestamptz,
  trial        jsonb,
  constraint moderation_rules_pk primary key (service_id, version),
  constraint moderation_rules_changer foreign key (service_id, changed_by) references account_accounts (service_id, id),
  constraint moderation_rules_asker foreign key (service_id, asked_by) references account_accounts (service_id, id),
  constraint moderation_rules_approver foreign key (service_id, approved_by) references account_accounts (service_id, id),
  constraint moderation_rules_activator foreign key (service_id, active_by) references account_accounts (service_id, id),
  constraint moderation_rules_two_people check (approved_by <> asked_by),
  constraint moderation_rules_asked_whole check ((asked_by is null) = (asked_at is null) and (asked_by is not null or state in ('draft', 'dropped'))),
  constraint moderation_rules_approved_whole check ((approved_by is null) = (approved_at is null) and (state in ('active', 'past')) = (approved_by is not null)),
  constraint moderation_rules_active_whole check ((active_by is null) = (active_since is null) and (state <> 'active' or active_by is not null))
);
create unique index moderation_rules_one_active on moderation_rules (service_id) where state = 'active';
create unique index moderation_rules_one_in_work on moderation_rules (service_id) where state in ('draft', 'asked');
comment on table moderation_rules is 'What a service changes in the rules by which texts are read, a row for each version. Tutors write; one asks and another approves; a version once approved is never changed.';
comment on column moderation_rules.trial is 'What the version found in the texts that were kept: counts only.';
