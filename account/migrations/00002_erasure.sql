-- +goose Up
alter table account_accounts add column erased_at timestamptz;
alter table account_accounts add column erase_posts boolean not null default false;
alter table account_accounts add column forgotten_at timestamptz;
alter table account_accounts add column look_at timestamptz not null default now() + interval '48 hours';
update account_accounts set look_at = created_at + interval '48 hours';
alter table account_accounts add constraint account_accounts_erased_whole check (erased_at is null
  or role in ('guest', 'member', 'family') and disabled_at is not null and recovery_hash is null and coalesce(password_hash, '') = '');
alter table account_accounts add constraint account_accounts_forgotten_is_erased check (forgotten_at is null or erased_at is not null);
create index account_accounts_to_forget on account_accounts (erased_at) where erased_at is not null and forgotten_at is null;
create index account_accounts_to_look_at on account_accounts (look_at) where role = 'guest' or forgotten_at is not null;
comment on column account_accounts.erased_at is 'When its owner erased it: nobody can sign in any more, and what hangs on it is being erased.';
comment on column account_accounts.erase_posts is 'The owner asked that what they wrote in the forum goes too.';
comment on column account_accounts.forgotten_at is 'When everything that hung on an erased account was erased. The row itself goes when nothing names it any more.';
comment on column account_accounts.look_at is 'When to look whether the row of a guest, or of an erased account, can go.';
