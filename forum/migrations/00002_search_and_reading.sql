-- +goose Up
alter table forum_posts add column words tsvector;
comment on column forum_posts.words is 'What search finds the post by: stems in Italian and English, without accents. Null until the indexer has read this version.';
create index forum_posts_by_words on forum_posts using gin (words) where deleted_at is null and hidden_at is null;
-- For a word that very many posts hold: the newest of them without sorting all.
create index forum_posts_by_time on forum_posts (service_id, created_at desc) where deleted_at is null and hidden_at is null;
-- The indexer's queue. In the everyday case it is empty.
create index forum_posts_without_words on forum_posts (id) where words is null and deleted_at is null;

create table forum_words (
  service_id uuid not null references account_services,
  word       text collate "C" not null,
  constraint forum_words_once primary key (service_id, word),
  constraint forum_words_length check (char_length(word) between 4 and 30)
);
create index forum_words_alike on forum_words (service_id, left(word, 1), char_length(word));
comment on table forum_words is 'Every word of the forum, for words that were typed wrong. It is never shown: what it leads to is shown if the reader may read it.';

create table forum_reads (
  account_id uuid        not null,
  thread_id  uuid        not null,
  service_id uuid        not null references account_services,
  number     integer     not null,
  read_at    timestamptz not null default clock_timestamp(),
  constraint forum_reads_once primary key (account_id, thread_id),
  constraint forum_reads_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade,
  constraint forum_reads_thread foreign key (service_id, thread_id) references forum_threads (service_id, id) on delete cascade,
  constraint forum_reads_number_positive check (number > 0)
);
create index forum_reads_by_thread on forum_reads (thread_id);
comment on table forum_reads is 'Up to which post somebody has seen a thread, on whatever device. Seen by nobody else.';
