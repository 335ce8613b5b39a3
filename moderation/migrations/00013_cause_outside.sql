-- +goose Up
alter table moderation_causes drop constraint moderation_causes_kind;
alter table moderation_causes add constraint moderation_causes_kind check (kind in ('message', 'post', 'waiting', 'person', 'esp', 'moderator', 'alone', 'outside'));
comment on constraint moderation_causes_kind on moderation_causes is 'outside: what a classifier beside Ponti read in a text; ref is the kind and ref of the cause that the text is, with a colon between.';
