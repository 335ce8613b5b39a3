-- +goose Up
alter table moderation_steps drop constraint moderation_steps_kind;
alter table moderation_steps add constraint moderation_steps_kind check (kind in
  ('raised', 'joined', 'lifted', 'rung', 'arrived', 'acknowledged', 'acted', 'kept', 'reopened', 'closed', 'handed', 'taken_over'));
