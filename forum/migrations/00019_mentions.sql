-- +goose Up
create table forum_mentions (
  post_id    uuid        not null,
  account_id uuid        not null,
  service_id uuid        not null references account_services,
  author_id  uuid        not null,
  stands     boolean     not null default true,
  at         timestamptz not null default clock_timestamp(),
  read_at    timestamptz,
  constraint forum_mentions_once primary key (post_id, account_id),
  constraint forum_mentions_others check (account_id <> author_id),
  constraint forum_mentions_post foreign key (service_id, post_id) references forum_posts (service_id, id) on delete cascade,
  constraint forum_mentions_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade,
  constraint forum_mentions_author foreign key (service_id, author_id) references account_accounts (service_id, id) on delete cascade
);
create index forum_mentions_unread on forum_mentions (account_id) where read_at is null and stands;
create index forum_mentions_by_account on forum_mentions (account_id);
create index forum_mentions_by_author on forum_mentions (author_id, at);
comment on table forum_mentions is 'Who is called by name in a post, once for a post however often it is edited: stands is false while its text does not call them. Seen by nobody but who is called.';
