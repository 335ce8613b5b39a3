-- +goose Up
create table moderation_policies (
  service_id  uuid        not null constraint moderation_policies_service references account_services,
  version     integer     not null,
  times       jsonb       not null,
  state       text        not null default 'asked' constraint moderation_policies_state check (state in ('asked', 'dropped', 'active', 'past')),
  asked_by    uuid        not null,
  asked_at    timestamptz not null default now(),
  approved_by uuid,
  approved_at timestamptz,
  constraint moderation_policies_pk primary key (service_id, version),
  constraint moderation_policies_asker foreign key (service_id, asked_by) references account_accounts (service_id, id),
  constraint moderation_policies_approver foreign key (service_id, approved_by) references account_accounts (service_id, id),
  constraint moderation_policies_two_people check (approved_by <> asked_by),
  constraint moderation_policies_approved_whole check ((approved_by is null) = (approved_at is null) and (state in ('active', 'past')) = (approved_by is not null))
);
create unique index moderation_policies_one_active on moderation_policies (service_id) where state = 'active';
create unique index moderation_policies_one_asked on moderation_policies (service_id) where state = 'asked';
comment on table moderation_policies is 'The times of a service''s ladder, a row for each version. One tutor asks and another approves; what was is never changed.';

alter table moderation_escalations add column times jsonb;
comment on column moderation_escalations.times is 'The times of the ladder when it was raised, by which it is climbed to its end. Null: those a service starts with.';
