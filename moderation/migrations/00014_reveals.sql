-- +goose Up
alter table moderation_notices alter column case_id drop not null;
alter table moderation_notices add column escalation_id uuid;
alter table moderation_notices add constraint moderation_notices_escalation foreign key (service_id, escalation_id) references moderation_escalations (service_id, id);
alter table moderation_notices drop constraint moderation_notices_kind;
alter table moderation_notices add constraint moderation_notices_kind check (kind in ('hidden', 'report_hidden', 'report_kept', 'appeal_kept', 'appeal_restored',
  'report_restored', 'warned', 'muted', 'banned', 'lifted', 'report_acted', 'revealed'));
alter table moderation_notices add constraint moderation_notices_about check ((kind = 'revealed') = (case_id is null) and (kind = 'revealed') = (escalation_id is not null));
create index moderation_notices_by_escalation on moderation_notices (escalation_id) where escalation_id is not null;
comment on column moderation_notices.escalation_id is 'Of revealed: the danger because of which a tutor was told whose a text without a name is. By which tutor stands in the audit log.';

create table moderation_reveals (
  escalation_id uuid        not null,
  account_id    uuid        not null,
  service_id    uuid        not null,
  revealed_at   timestamptz not null default clock_timestamp(),
  constraint moderation_reveals_once primary key (escalation_id, account_id),
  constraint moderation_reveals_escalation foreign key (service_id, escalation_id) references moderation_escalations (service_id, id),
  constraint moderation_reveals_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade
);
create index moderation_reveals_by_time on moderation_reveals (revealed_at);
comment on table moderation_reveals is 'For which escalations a tutor asked whose a text without a name is, in the last 24 hours: asking often is looked into. For good it stands in the audit log.';
