-- +goose Up
alter table forum_categories add column nameless boolean not null default false;
comment on column forum_categories.nameless is 'Persons may write in it without their name. Switched off again, what was written so stays so.';

alter table forum_posts add column voice integer;
alter table forum_posts add constraint forum_posts_voice_positive check (voice > 0);
create index forum_posts_by_voice on forum_posts (thread_id, author_id, number) where voice is not null;
comment on column forum_posts.voice is 'Written without a name: the number that tells its author from others without one in the same thread, and says nothing in any other. Null: written under their name. Neither ever becomes the other.';

alter table forum_threads add column voice integer;
alter table forum_threads add column voices integer not null default 0;
alter table forum_threads add column merged_voices integer not null default 0;
alter table forum_threads add constraint forum_threads_voice_positive check (voice > 0);
comment on column forum_threads.voice is 'As that of its opening.';
comment on column forum_threads.voices is 'The highest voice that was ever given in it. It is raised under the row''s lock.';
comment on column forum_threads.merged_voices is 'Of a merged thread: each of its voices has so many more where its posts stand now. Two voices of one person that a merge brought together stay two.';

alter table forum_held add column nameless boolean not null default false;
comment on column forum_held.nameless is 'It appears without its author''s name, wherever it appears.';

create table forum_reveals (
  post_id     uuid        not null,
  account_id  uuid        not null,
  service_id  uuid        not null references account_services,
  revealed_at timestamptz not null default clock_timestamp(),
  constraint forum_reveals_once primary key (post_id, account_id),
  constraint forum_reveals_account foreign key (service_id, account_id) references account_accounts (service_id, id)
);
comment on table forum_reveals is 'Which tutor was told by whom a post without a name is, and when last, because of a danger they answered for. Its author is shown when; who it was stands in the audit log.';
