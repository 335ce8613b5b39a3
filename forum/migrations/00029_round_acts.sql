-- +goose Up
alter table forum_round_tables add column acted_at timestamptz not null default clock_timestamp();
comment on column forum_round_tables.acted_at is 'When who runs it last did something there, or was elected: after some days without, another election may be called.';
