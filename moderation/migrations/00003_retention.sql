-- +goose Up
alter table moderation_escalations add column erased_at timestamptz;
alter table moderation_escalations drop constraint moderation_escalations_closed_whole;
alter table moderation_escalations add constraint moderation_escalations_closed_whole check ((state = 'closed') = (closed_at is not null)
  and (state = 'closed') = (outcome is not null) and (state = 'closed' and erased_at is null) = (note is not null)
  and (note is null) = (note_wrapped is null) and (note is null) = (note_key_id is null));
alter table moderation_escalations add constraint moderation_escalations_erased_whole check (erased_at is null
  or state = 'closed' and person_id is null and esp_id is null);
create index moderation_escalations_kept on moderation_escalations (closed_at) where erased_at is null and closed_at is not null;
comment on column moderation_escalations.erased_at is 'When note, key and persons were erased. The row and its steps stay: they tell that it was answered, and how fast, but not for whom.';

-- What concerns somebody keeps their account, as a name without a way in, until it is erased itself.
alter table moderation_cases drop constraint moderation_cases_author;
alter table moderation_cases add constraint moderation_cases_author foreign key (service_id, author_id) references account_accounts (service_id, id);
alter table moderation_reports drop constraint moderation_reports_reporter;
alter table moderation_reports add constraint moderation_reports_reporter foreign key (service_id, reporter_id) references account_accounts (service_id, id);
create index moderation_cases_kept on moderation_cases (decided_at) where state = 'decided';
create index moderation_cases_by_subject on moderation_cases (service_id, subject_kind, subject_id);
