-- +goose Up
insert into pgtest_things (name, n) values ('first', 1);
