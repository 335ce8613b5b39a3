-- +goose Up
create table moderation_case_notes (
  id         uuid        primary key,
  service_id uuid        not null references account_services,
  case_id    uuid        not null,
  author_id  uuid        not null,
  opinion    text,
  note       bytea       not null,
  noted_at   timestamptz not null default clock_timestamp(),
  constraint moderation_case_notes_case foreign key (service_id, case_id) references moderation_cases (service_id, id) on delete cascade,
  constraint moderation_case_notes_author foreign key (service_id, author_id) references account_accounts (service_id, id),
  constraint moderation_case_notes_opinion check (opinion in ('none', 'hide', 'unsure'))
);
create index moderation_case_notes_of on moderation_case_notes (case_id, noted_at, id);
comment on table moderation_case_notes is 'What moderators write to each other about a case, sealed with its key and erased with it. Neither the author of what was reported nor who reported it ever sees it. opinion: of who was asked for a second one.';

alter table moderation_cases add column second_by uuid, add column second_at timestamptz;
alter table moderation_cases add constraint moderation_cases_second_by foreign key (service_id, second_by) references account_accounts (service_id, id);
alter table moderation_cases add constraint moderation_cases_second_whole check ((second_by is null) = (second_at is null));
comment on column moderation_cases.second_by is 'Who asks for a second opinion, since second_at.';
