-- +goose Up
alter table forum_threads add column merged_into uuid;
alter table forum_threads add column merged_after int;
alter table forum_threads add constraint forum_threads_merged foreign key (service_id, merged_into) references forum_threads (service_id, id);
alter table forum_threads add constraint forum_threads_merged_whole check ((merged_into is null) = (merged_after is null) and (merged_into is null or deleted_at is not null) and merged_into <> id);
comment on column forum_threads.merged_into is 'The thread that its posts stand in now, each with merged_after more than its number was: old addresses lead there.';
