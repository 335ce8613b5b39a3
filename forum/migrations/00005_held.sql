-- +goose Up
create table forum_held (
  id          uuid        primary key,
  service_id  uuid        not null references account_services,
  category_id uuid        not null,
  thread_id   uuid,
  author_id   uuid        not null,
  cid         text        not null,
  title       text        not null default '',
  source      text        not null,
  html        text        not null,
  level       text        not null,
  why         text        not null,
  written_at  timestamptz not null default clock_timestamp(),
  refused_at  timestamptz,
  refused_by  uuid,
  constraint forum_held_cid_once unique (author_id, cid),
  constraint forum_held_category foreign key (service_id, category_id) references forum_categories (service_id, id),
  constraint forum_held_thread foreign key (service_id, thread_id) references forum_threads (service_id, id),
  constraint forum_held_author foreign key (service_id, author_id) references account_accounts (service_id, id),
  constraint forum_held_refuser foreign key (service_id, refused_by) references account_accounts (service_id, id),
  constraint forum_held_opening_has_title check ((thread_id is null) = (title <> '')),
  constraint forum_held_text_length check (char_length(source) between 1 and 10000 and char_length(title) <= 120),
  constraint forum_held_level_known check (level in ('unscored', 'none', 'amber', 'red', 'crisis')),
  constraint forum_held_why_known check (why in ('first', 'uncovered', 'muted')),
  constraint forum_held_refused_whole check ((refused_at is null) = (refused_by is null) and refused_by is distinct from author_id)
);
create index forum_held_waiting on forum_held (service_id, written_at, id) where refused_at is null;
create index forum_held_refused on forum_held (refused_at) where refused_at is not null;
create index forum_posts_by_author on forum_posts (author_id);
comment on table forum_held is 'Posts that somebody reads before they appear: no reader''s query looks here. Published, the row becomes one of forum_posts under the same id; refused, it stays while its author may ask that somebody else looks again.';
