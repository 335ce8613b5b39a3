-- +goose Up
create index audit_entries_by_actor on audit_entries (actor_id, id desc);
