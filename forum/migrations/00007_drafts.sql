-- +goose Up
create table forum_drafts (
  id          uuid        primary key,
  service_id  uuid        not null references account_services,
  account_id  uuid        not null,
  cid         text        not null,
  category_id uuid        not null,
  thread_id   uuid,
  version     integer     not null default 1,
  writer      text        not null default '',
  key_id      text        not null,
  key_wrapped bytea       not null,
  text_sealed bytea       not null,
  kept_at     timestamptz not null default clock_timestamp(),
  constraint forum_drafts_cid_once unique (account_id, cid),
  constraint forum_drafts_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade,
  constraint forum_drafts_category foreign key (service_id, category_id) references forum_categories (service_id, id),
  constraint forum_drafts_thread foreign key (service_id, thread_id) references forum_threads (service_id, id),
  constraint forum_drafts_version_positive check (version > 0),
  constraint forum_drafts_names_short check (char_length(cid) <= 64 and char_length(writer) <= 64)
);
create index forum_drafts_by_account on forum_drafts (account_id, kept_at desc);
create index forum_drafts_by_age on forum_drafts (kept_at);
comment on table forum_drafts is 'What somebody began to write and has not published. Title and text are sealed with a key of the row''s own: whoever has the database alone reads none. cid is that of the form, so that publishing it takes the draft away; writer is the window that kept it last.';
