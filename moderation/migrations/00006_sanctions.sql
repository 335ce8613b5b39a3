-- +goose Up
create table moderation_sanctions (
  case_id    uuid        not null constraint moderation_sanctions_pk primary key,
  service_id uuid        not null constraint moderation_sanctions_service references account_services,
  account_id uuid        not null,
  by_id      uuid        not null,
  kind       text        not null constraint moderation_sanctions_kind check (kind in ('warn', 'mute', 'ban')),
  since      timestamptz not null default now(),
  until      timestamptz,
  lifted_at  timestamptz,
  lifted_by  uuid,
  constraint moderation_sanctions_case foreign key (service_id, case_id) references moderation_cases (service_id, id) on delete cascade,
  constraint moderation_sanctions_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade,
  constraint moderation_sanctions_by foreign key (service_id, by_id) references account_accounts (service_id, id),
  constraint moderation_sanctions_lifter foreign key (service_id, lifted_by) references account_accounts (service_id, id),
  constraint moderation_sanctions_not_oneself check (account_id <> by_id and account_id is distinct from lifted_by),
  constraint moderation_sanctions_bounded check ((kind = 'warn') = (until is null) and until <= since + interval '24 hours'),
  constraint moderation_sanctions_lifted_whole check ((lifted_at is null) = (lifted_by is null))
);
create index moderation_sanctions_by_account on moderation_sanctions (account_id, until desc) where lifted_at is null;
create index moderation_sanctions_by_service on moderation_sanctions (service_id, until desc) where until is not null;
comment on table moderation_sanctions is 'What follows a case for who wrote it: a warning; not writing in the forum until then; not coming in until then. The reason is the statement of the case.';

alter table moderation_cases add column sanction text constraint moderation_cases_sanction check (sanction in ('warn', 'mute', 'ban'));
alter table moderation_cases add constraint moderation_cases_sanction_decided check (sanction is null or state = 'decided' and appeal_of is null);
alter table moderation_cases drop constraint moderation_cases_decided_whole;
alter table moderation_cases add constraint moderation_cases_decided_whole check ((state = 'decided') = (decided_by is not null)
  and (state = 'decided') = (decided_at is not null) and (state = 'decided') = (decision is not null)
  and (statement is not null) = (decision is not distinct from 'hide' or sanction is not null));

alter table moderation_notices drop constraint moderation_notices_kind;
alter table moderation_notices add constraint moderation_notices_kind check (kind in ('hidden', 'report_hidden', 'report_kept', 'appeal_kept', 'appeal_restored',
  'report_restored', 'warned', 'muted', 'banned', 'lifted', 'report_acted'));
