-- +goose Up
alter table forum_threads add column moved_from uuid;
alter table forum_threads add constraint forum_threads_moved_from foreign key (service_id, moved_from) references forum_categories (service_id, id);
comment on column forum_threads.moved_from is 'The category it stood in before, of the same audience: whoever looks for it is told.';
