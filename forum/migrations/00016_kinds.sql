-- +goose Up
alter table forum_threads add column kind text not null default 'discussion';
alter table forum_threads add constraint forum_threads_kind_known check (kind in ('discussion', 'question', 'story', 'publication', 'event', 'round_table'));
comment on column forum_threads.kind is 'What the thread is for. It is said when the thread is opened and stays; forum/kind.go holds what each kind allows.';
-- The list of a category by kind is this index read backwards, as that of all is forum_threads_by_activity.
create index forum_threads_by_kind on forum_threads (category_id, kind, last_post_at, id) where deleted_at is null;
alter table forum_held add column kind text not null default 'discussion';
alter table forum_held add constraint forum_held_kind_known check (kind in ('discussion', 'question', 'story', 'publication', 'event', 'round_table'));
comment on column forum_held.kind is 'Of the thread that it opens. What answers in one has the kind of a discussion, and it says nothing.';
