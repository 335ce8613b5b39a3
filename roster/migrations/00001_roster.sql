-- +goose Up
create table roster_shifts (
  id         uuid        not null constraint roster_shifts_pk primary key,
  service_id uuid        not null constraint roster_shifts_service references account_services,
  account_id uuid        not null,
  role       text        not null constraint roster_shifts_role check (role in ('esp', 'senior', 'tutor')),
  starts_at  timestamptz not null,
  ends_at    timestamptz not null,
  planned_by uuid,
  planned_at timestamptz not null default now(),
  constraint roster_shifts_account foreign key (service_id, account_id) references account_accounts (service_id, id),
  constraint roster_shifts_planner foreign key (service_id, planned_by) references account_accounts (service_id, id),
  constraint roster_shifts_order check (ends_at > starts_at),
  constraint roster_shifts_length check (ends_at <= starts_at + interval '24 hours'),
  constraint roster_shifts_one_start unique (account_id, starts_at)
);
create index roster_shifts_by_end on roster_shifts (service_id, ends_at);
comment on table roster_shifts is 'Planned shifts of peers and tutors, as instants. Planning promises cover; who is really on stands in roster_duties.';

create table roster_duties (
  id           uuid        not null constraint roster_duties_pk primary key,
  service_id   uuid        not null constraint roster_duties_service references account_services,
  account_id   uuid        not null,
  role         text        not null constraint roster_duties_role check (role in ('esp', 'senior', 'tutor')),
  started_at   timestamptz not null default now(),
  heartbeat_at timestamptz not null default now(),
  ended_at     timestamptz,
  ended_by     text        constraint roster_duties_ended_by check (ended_by in ('self', 'silence')),
  constraint roster_duties_account foreign key (service_id, account_id) references account_accounts (service_id, id),
  constraint roster_duties_order check (heartbeat_at >= started_at and ended_at >= started_at),
  constraint roster_duties_end check ((ended_at is null) = (ended_by is null))
);
create unique index roster_duties_one_open on roster_duties (account_id) where ended_at is null;
create index roster_duties_open on roster_duties (service_id, heartbeat_at) where ended_at is null;
create index roster_duties_by_account on roster_duties (account_id, started_at desc);
comment on table roster_duties is 'Who is on shift, since when, and when they were last heard of. The role is the one they went on shift with. Rows are never deleted: paid hours are derived from them.';
