-- +goose Up
alter table account_accounts add column suspended_until timestamptz;
comment on column account_accounts.suspended_until is 'Until when they cannot come in, because of a decision of moderators. Longer than a day it takes two people, who disable the account.';
