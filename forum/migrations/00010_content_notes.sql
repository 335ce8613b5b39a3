-- +goose Up
alter table forum_posts add column notes text[] not null default '{}';
alter table forum_posts add column added_notes text[] not null default '{}';
alter table forum_posts add column changes integer not null default 0;
alter table forum_posts add constraint forum_posts_notes_known check (notes || added_notes <@ array['suicide', 'self_harm', 'violence', 'eating', 'substances', 'loss', 'other']);
comment on column forum_posts.notes is 'What the author says that the post speaks of: readers meet it folded, with these notes on it.';
comment on column forum_posts.added_notes is 'The same, added by who moderates; the author''s edits leave it alone.';
comment on column forum_posts.changes is 'How often what hangs on it changed, which makes no new version: a page that is open learns of it by this.';
alter table forum_held add column notes text[] not null default '{}';
alter table forum_held add constraint forum_held_notes_known check (notes <@ array['suicide', 'self_harm', 'violence', 'eating', 'substances', 'loss', 'other']);
alter table forum_post_versions add column notes text[] not null default '{}';
