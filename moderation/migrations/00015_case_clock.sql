-- +goose Up
alter table moderation_cases add column level moderation_level not null default 'amber';
alter table moderation_cases add column within interval not null default interval '30 minutes';
alter table moderation_cases add column due_at timestamptz;
alter table moderation_cases add column overdue_at timestamptz;
update moderation_cases c set level = 'red', within = interval '5 minutes' where c.state = 'open'
  and exists (select from moderation_reports r where r.case_id in (c.id, c.appeal_of) and r.reason = 'danger');
update moderation_cases set due_at = greatest(now(), coalesce(claimed_until, now())) + within where state = 'open';
-- Whoever opens a case without saying when it is due: it is told all the same.
alter table moderation_cases alter column due_at set default now() + interval '30 minutes';
create index moderation_cases_due on moderation_cases (due_at) where state = 'open' and due_at is not null;
comment on column moderation_cases.level is 'How soon somebody must look: amber, or red and crisis for danger, by what was reported and what triage read in it when it was.';
comment on column moderation_cases.within is 'How long it may lie with nobody at it, by the times of the service when it was filed.';
comment on column moderation_cases.due_at is 'When others are told of it unless somebody claims it before; null once all are told that there are. Counts only while it is open.';
comment on column moderation_cases.overdue_at is 'Since when it is known to lie for too long.';

alter table moderation_cases add column taken_back bytea, add column taken_back_at timestamptz, add column taken_back_by uuid;
alter table moderation_cases add constraint moderation_cases_taken_back_by foreign key (service_id, taken_back_by) references account_accounts (service_id, id);
alter table moderation_cases add constraint moderation_cases_taken_back_whole check ((taken_back is null) = (taken_back_at is null) and (taken_back is null) = (taken_back_by is null)
  and (taken_back is null or decision = 'hide' and appeal_of is null and taken_back_by <> author_id));
create index moderation_cases_hidden on moderation_cases (service_id, decided_at desc) where decision = 'hide' and taken_back_at is null;
comment on column moderation_cases.taken_back is 'Why a moderator showed again what was hidden, sealed under the key of the case.';

alter table moderation_notices drop constraint moderation_notices_kind;
alter table moderation_notices add constraint moderation_notices_kind check (kind in ('hidden', 'report_hidden', 'report_kept', 'appeal_kept', 'appeal_restored',
  'report_restored', 'warned', 'muted', 'banned', 'lifted', 'report_acted', 'revealed', 'case_overdue', 'taken_back', 'report_taken_back'));

alter table moderation_escalations add column note_form smallint not null default 1 constraint moderation_escalations_note_form check (note_form in (1, 2));
comment on column moderation_escalations.note_form is 'What the sealed note is: 1 plain words, 2 JSON of what was done, what protects the person and what follows.';
