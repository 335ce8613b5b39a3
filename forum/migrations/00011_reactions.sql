-- +goose Up
create table forum_reactions (
  post_id    uuid        not null,
  account_id uuid        not null,
  service_id uuid        not null references account_services,
  kind       text        not null,
  given_at   timestamptz not null default clock_timestamp(),
  constraint forum_reactions_once primary key (post_id, account_id, kind),
  constraint forum_reactions_post foreign key (service_id, post_id) references forum_posts (service_id, id),
  constraint forum_reactions_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade,
  constraint forum_reactions_kind_known check (kind in ('understand', 'thanks', 'strength'))
);
create index forum_reactions_by_account on forum_reactions (account_id);
comment on table forum_reactions is 'A kind word for a post, from a list. Readers see which words it was given and can look up by whom; they are never counted, ranked or searched by.';
alter table forum_posts add column reacted text[] not null default '{}';
comment on column forum_posts.reacted is 'Which reactions it was given; kept by whoever changes them, so that a page of posts need not look for them.';
