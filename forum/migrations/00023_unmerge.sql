-- +goose Up
alter table forum_threads add column merged_title text not null default '';
alter table forum_threads add column merged_opening uuid;
alter table forum_threads add constraint forum_threads_merged_opening foreign key (service_id, merged_opening) references forum_posts (service_id, id);
alter table forum_threads add constraint forum_threads_merged_title check (char_length(merged_title) <= 120 and (merged_title = '' or merged_into is not null and merged_opening is not null));
create index forum_threads_by_merged on forum_threads (merged_into) where merged_into is not null;
comment on column forum_threads.merged_title is 'Its title before it was merged, for who takes that back. Empty once its opening was deleted: the title was its author''s too.';
comment on column forum_threads.merged_opening is 'The post that opened it before it was merged; null for those merged before this was kept.';

alter table forum_subscriptions add column through uuid;
comment on column forum_subscriptions.through is 'The thread whose merge brought somebody here who followed that one; null when they came themselves.';
alter table forum_held add column came_from uuid[] not null default '{}';
alter table forum_drafts add column came_from uuid[] not null default '{}';
comment on column forum_held.came_from is 'The threads it was an answer in before they were merged, the last one last.';
comment on column forum_drafts.came_from is 'As that of forum_held.';
