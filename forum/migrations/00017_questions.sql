-- +goose Up
-- What ESPs look for: the questions that still wait for one of them, newest first.
create index forum_threads_unanswered on forum_threads (service_id, created_at, id) where kind = 'question' and answer is null and locked_at is null and deleted_at is null;
