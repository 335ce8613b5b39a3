-- +goose Up
alter table moderation_cases add column appeal_of uuid;
alter table moderation_cases add column appeal bytea;
alter table moderation_cases add constraint moderation_cases_appeal_of foreign key (service_id, appeal_of) references moderation_cases (service_id, id) on delete cascade;
alter table moderation_cases add constraint moderation_cases_one_appeal unique (appeal_of);
alter table moderation_cases add constraint moderation_cases_appeal_whole check (appeal is null or appeal_of is not null);
comment on column moderation_cases.appeal_of is 'The decided case whose author asks that somebody else looks again. Once, and never by who decided it.';
comment on column moderation_cases.appeal is 'What the author says, sealed under the key of this case. Erased with their account once it is decided.';

alter table moderation_notices drop constraint moderation_notices_kind;
alter table moderation_notices add constraint moderation_notices_kind check (kind in ('hidden', 'report_hidden', 'report_kept', 'appeal_kept', 'appeal_restored', 'report_restored'));
