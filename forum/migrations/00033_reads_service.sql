-- +goose Up
-- Whose service it is follows from the account, which is of one. To look for it beside that locked the one row of the service with each page that somebody read first.
alter table forum_reads drop constraint forum_reads_service_id_fkey;
