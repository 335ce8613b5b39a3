-- +goose Up
alter table forum_threads add column locked_reason text not null default '';
alter table forum_threads add constraint forum_threads_locked_reason check (char_length(locked_reason) <= 300 and (locked_reason = '' or locked_at is not null));
comment on column forum_threads.locked_reason is 'Why nobody may write any more, for everybody who reads it. Empty for those locked before a reason was asked for.';
