-- +goose Up
alter table chat_whispers add column kind text not null default 'word';
alter table chat_whispers add constraint chat_whispers_kind check (kind in ('word', 'draft') or kind = 'fine' and author_id <> esp_id);
comment on column chat_whispers.kind is 'A word; a draft of what is to be said to the person, of the ESP or as a tutor proposes it; or that a draft is fine as it is.';
