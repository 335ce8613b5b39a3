-- +goose Up
alter table forum_threads add column answer int;
alter table forum_threads add constraint forum_threads_answer_answers check (answer > 1);
comment on column forum_threads.answer is 'Number of the post that answers what the thread asks, as its author or a moderator says. Null: none. It is shown while that post is.';
