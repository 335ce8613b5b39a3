-- +goose Up
create table forum_former_places (
  thread_id  uuid    not null,
  number     integer not null,
  service_id uuid    not null references account_services,
  post_id    uuid    not null,
  constraint forum_former_places_once primary key (thread_id, number),
  constraint forum_former_places_thread foreign key (service_id, thread_id) references forum_threads (service_id, id),
  constraint forum_former_places_post foreign key (service_id, post_id) references forum_posts (service_id, id),
  constraint forum_former_places_number_positive check (number > 0)
);
comment on table forum_former_places is 'Numbers of a thread whose post stands in another place now, since the thread was split. They are given to no other post: whoever comes by an old address is led on.';

alter table forum_threads add column former_until int not null default 0;
alter table forum_threads add column split_from uuid;
alter table forum_threads add constraint forum_threads_split_from foreign key (service_id, split_from) references forum_threads (service_id, id);
alter table forum_threads add constraint forum_threads_not_split_from_itself check (split_from <> id);
comment on column forum_threads.former_until is 'The highest number in it that is a former place; 0 when it has none. The next post comes after that, too.';
comment on column forum_threads.split_from is 'The thread that its first posts stood in before.';
comment on column forum_threads.posts is 'Number of the last post that stands in it. It is bumped under the row''s lock; no number is ever given to a second post.';
