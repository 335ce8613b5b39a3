-- +goose Up
alter table moderation_steps drop constraint moderation_steps_kind;
alter table moderation_steps add constraint moderation_steps_kind check (kind in
  ('raised', 'joined', 'widened', 'lifted', 'rung', 'arrived', 'acknowledged', 'acted', 'kept', 'reopened', 'closed', 'handed', 'taken_over'));

-- Nobody is sent away while they are in danger: what holds then is lifted by no person.
alter table moderation_sanctions drop constraint moderation_sanctions_lifted_whole;
alter table moderation_sanctions add constraint moderation_sanctions_lifted_whole check (lifted_at is not null or lifted_by is null);
comment on column moderation_sanctions.lifted_by is 'Null of what holds, and of what Ponti itself lifted because the person was in danger.';
