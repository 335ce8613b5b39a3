-- +goose Up
-- The chain stands beside the entries, made by one job: writers of entries do not wait for one another.
create table audit_links (
  n         bigint      primary key,
  entry_id  bigint      not null unique,
  linked_at timestamptz not null,
  hash      bytea       not null constraint audit_links_hash_whole check (octet_length(hash) = 32)
);
comment on table audit_links is 'The order in which entries were chained, each with the hash of itself and all before it.';
create trigger audit_links_append_only before update or delete or truncate on audit_links
  for each statement execute function audit_refuse_change();

-- What waits for its link. A number of an entry may become visible after a higher one, so no highest number could say it.
create table audit_pending (entry_id bigint primary key);
comment on table audit_pending is 'Entries that the chain does not hold yet.';
insert into audit_pending select id from audit_entries;

-- +goose StatementBegin
create function audit_queue_link() returns trigger language plpgsql as $$
begin
  insert into audit_pending values (new.id);
  return null;
end $$;
-- +goose StatementEnd
create trigger audit_entries_queue_link after insert on audit_entries for each row execute function audit_queue_link();

-- The last time an auditor could write: a full or read-only disk is found before somebody needs it.
create table audit_pulse (
  one boolean     primary key default true constraint audit_pulse_one check (one),
  at  timestamptz not null default now()
);
insert into audit_pulse default values;
