-- +goose Up
-- A merge had left one person two voices, and a split had linked two threads by theirs.
with came as (
  select service_id, thread_id, author_id, row_number() over (partition by thread_id order by min(number)) as voice
  from forum_posts where voice is not null group by service_id, thread_id, author_id
)
update forum_posts p set voice = c.voice from came c
  where p.service_id = c.service_id and p.thread_id = c.thread_id and p.author_id = c.author_id and p.voice is not null and p.voice <> c.voice;
update forum_threads t set voice = case when voice is not null then 1 end,
  voices = (select count(distinct p.author_id) from forum_posts p where p.thread_id = t.id and p.voice is not null) where voices > 0;
alter table forum_threads drop column merged_voices;
