-- +goose Up
create table account_imports (
  id          uuid        not null constraint account_imports_pk primary key,
  service_id  uuid        not null constraint account_imports_service references account_services,
  imported_at timestamptz not null default now()
);
comment on table account_imports is 'Accounts that came with a community that moved here. A row outlives its account: who was forgotten does not come back when the same file is read again.';
