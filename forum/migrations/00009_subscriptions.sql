-- +goose Up
create table forum_subscriptions (
  account_id uuid        not null,
  thread_id  uuid        not null,
  service_id uuid        not null references account_services,
  wanted     boolean     not null default true,
  at         timestamptz not null default clock_timestamp(),
  constraint forum_subscriptions_once primary key (account_id, thread_id),
  constraint forum_subscriptions_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade,
  constraint forum_subscriptions_thread foreign key (service_id, thread_id) references forum_threads (service_id, id) on delete cascade
);
create index forum_subscriptions_by_thread on forum_subscriptions (thread_id);
comment on table forum_subscriptions is 'Which threads somebody follows: those they wrote in, unless they said no (wanted is false), and those they asked for. Seen by nobody else.';
-- Who wrote before this was there follows what they wrote in, too.
insert into forum_subscriptions (account_id, thread_id, service_id)
  select distinct author_id, thread_id, service_id from forum_posts;
