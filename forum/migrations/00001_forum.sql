-- +goose Up
create table forum_categories (
  id          uuid        primary key,
  service_id  uuid        not null references account_services,
  slug        text        not null,
  audience    text        not null,
  title       text        not null,
  rules       text        not null default '',
  position    integer     not null default 0,
  created_at  timestamptz not null default now(),
  archived_at timestamptz,
  constraint forum_categories_slug_once unique (service_id, slug),
  constraint forum_categories_in_service unique (service_id, id),
  constraint forum_categories_slug_plain check (slug ~ '^[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?$'),
  constraint forum_categories_audience_known check (audience in ('members', 'family', 'staff')),
  constraint forum_categories_title_given check (char_length(title) between 3 and 120)
);
comment on table forum_categories is 'Parts of a service''s forum, each open to one audience. An archived one can be read and no longer written to.';

create table forum_moderators (
  service_id     uuid        not null references account_services,
  category_id    uuid        not null,
  account_id     uuid        not null,
  account_role   text        not null,
  assigned_by    uuid,
  assigned_at    timestamptz not null default now(),
  constraint forum_moderators_once primary key (category_id, account_id),
  constraint forum_moderators_are_peers check (account_role in ('esp', 'senior')),
  constraint forum_moderators_category foreign key (service_id, category_id) references forum_categories (service_id, id),
  constraint forum_moderators_account foreign key (service_id, account_id, account_role) references account_accounts (service_id, id, role) on update cascade
);
create index forum_moderators_by_account on forum_moderators (account_id);
comment on table forum_moderators is 'Which ESPs look after a category. Tutors look after all and need no row.';

create table forum_threads (
  id           uuid        primary key,
  service_id   uuid        not null references account_services,
  category_id  uuid        not null,
  author_id    uuid        not null,
  title        text        not null,
  created_at   timestamptz not null,
  last_post_at timestamptz not null,
  posts        integer     not null default 0,
  locked_at    timestamptz,
  deleted_at   timestamptz,
  constraint forum_threads_in_service unique (service_id, id),
  constraint forum_threads_category foreign key (service_id, category_id) references forum_categories (service_id, id),
  constraint forum_threads_author foreign key (service_id, author_id) references account_accounts (service_id, id),
  constraint forum_threads_title_length check (char_length(title) <= 120),
  constraint forum_threads_order check (last_post_at >= created_at)
);
-- The list of a category is this index read backwards: one page touches one page's rows, wherever it lies.
create index forum_threads_by_activity on forum_threads (category_id, last_post_at, id) where deleted_at is null;
create index forum_threads_by_author on forum_threads (author_id);
comment on table forum_threads is 'Discussions. `posts` is also the number of the last post: it is bumped under the row''s lock, and never goes back.';
comment on column forum_threads.deleted_at is 'Set when the author deleted the opening before anybody answered: nobody sees it any more.';
comment on column forum_threads.title is 'Empty once the author has deleted the opening post: the title was theirs too.';

create table forum_posts (
  id            uuid        primary key,
  service_id    uuid        not null references account_services,
  thread_id     uuid        not null,
  number        integer     not null,
  author_id     uuid        not null,
  cid           text        not null,
  source        text        not null,
  html          text        not null,
  renderer      smallint    not null,
  version       integer     not null default 1,
  level         text        not null,
  created_at    timestamptz not null,
  edited_at     timestamptz,
  hidden_at     timestamptz,
  hidden_reason text        not null default '',
  hidden_by     uuid,
  deleted_at    timestamptz,
  constraint forum_posts_number_once unique (thread_id, number),
  constraint forum_posts_cid_once unique (author_id, cid),
  constraint forum_posts_in_service unique (service_id, id),
  constraint forum_posts_thread foreign key (service_id, thread_id) references forum_threads (service_id, id),
  constraint forum_posts_author foreign key (service_id, author_id) references account_accounts (service_id, id),
  constraint forum_posts_hider foreign key (service_id, hidden_by) references account_accounts (service_id, id),
  constraint forum_posts_number_positive check (number > 0),
  constraint forum_posts_cid_length check (char_length(cid) between 16 and 64),
  constraint forum_posts_text_length check (char_length(source) <= 10000 and (source <> '') = (deleted_at is null)),
  constraint forum_posts_level_known check (level in ('unscored', 'none', 'amber', 'red', 'crisis')),
  constraint forum_posts_hidden_with_reason check ((hidden_at is null) = (hidden_reason = ''))
);
-- For RenderAgain: in the everyday case this finds nothing without reading a row.
create index forum_posts_by_renderer on forum_posts (renderer, id) where deleted_at is null;
comment on table forum_posts is 'Posts, numbered without gaps in their thread. A deleted one keeps its number and loses its text.';
comment on column forum_posts.html is 'Rendered once, when written, by the rules that `renderer` names. Safe to send as it is.';
comment on column forum_posts.cid is 'Made with the form: the same form sent twice is stored once.';
comment on column forum_posts.level is 'What triage read in this version.';

create table forum_post_versions (
  post_id     uuid        not null,
  version     integer     not null,
  service_id  uuid        not null references account_services,
  title       text        not null default '',
  source      text        not null,
  level       text        not null,
  replaced_at timestamptz not null default clock_timestamp(),
  constraint forum_post_versions_once primary key (post_id, version),
  constraint forum_post_versions_post foreign key (service_id, post_id) references forum_posts (service_id, id)
);
comment on table forum_post_versions is 'What a post said before it was edited or deleted. Seen by its author, moderators of the category and tutors.';
