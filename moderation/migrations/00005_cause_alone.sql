-- +goose Up
alter table moderation_causes drop constraint moderation_causes_kind;
alter table moderation_causes add constraint moderation_causes_kind check (kind in ('message', 'post', 'waiting', 'person', 'esp', 'moderator', 'alone'));
