-- +goose Up
alter table forum_threads add column pinned_at timestamptz;
create index forum_threads_pinned on forum_threads (category_id, pinned_at) where pinned_at is not null and deleted_at is null;
comment on column forum_threads.pinned_at is 'Set while it stands first in its category.';
