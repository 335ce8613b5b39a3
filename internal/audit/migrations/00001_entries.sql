-- +goose Up
create table audit_entries (
  id         bigint generated always as identity primary key,
  service_id uuid        not null,
  at         timestamptz not null default now(),
  actor_id   uuid,
  actor_role text        not null,
  action     text        not null,
  object     text        not null,
  reason     text        not null default ''
);
create index audit_entries_by_service on audit_entries (service_id, id desc);
create index audit_entries_by_object on audit_entries (object, id desc);
comment on table audit_entries is 'Who did what to which object, and why. Appended in the transaction of the act; never changed, never removed.';

-- +goose StatementBegin
create function audit_refuse_change() returns trigger language plpgsql as $$
begin
  raise exception 'audit entries are only appended';
end $$;
-- +goose StatementEnd
create trigger audit_entries_append_only before update or delete or truncate on audit_entries
  for each statement execute function audit_refuse_change();
