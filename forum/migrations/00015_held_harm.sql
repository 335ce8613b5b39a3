-- +goose Up
alter table forum_held drop constraint forum_held_why_known;
alter table forum_held add constraint forum_held_why_known check (why in ('first', 'uncovered', 'muted', 'harm'));
comment on constraint forum_held_why_known on forum_held is 'harm: it reads as if it harmed others, and shows no risk of its author. What people write of themselves is never held for what it says.';
