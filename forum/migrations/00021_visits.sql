-- +goose Up
create table forum_visits (
  account_id uuid        primary key,
  service_id uuid        not null references account_services,
  before_at  timestamptz,
  seen_at    timestamptz not null default now(),
  constraint forum_visits_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade,
  constraint forum_visits_in_order check (before_at <= seen_at)
);
comment on table forum_visits is 'When somebody was last in the forum, on whatever device, and when their visit before this one ended: null on the first. Seen by nobody else, and of no use to any statistic.';
