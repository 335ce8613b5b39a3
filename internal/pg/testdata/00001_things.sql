-- +goose Up
create table pgtest_things (name text not null, n int not null, constraint pgtest_things_name_key unique (name));
comment on table pgtest_things is 'For the tests of package pg.';
