-- +goose Up
alter table chat_rooms add held boolean not null default false;
comment on column chat_rooms.held is 'Its time was over while somebody answered for a danger: when that is closed, there is a last while, with its notices, before the end.';
alter table chat_places add kept boolean not null default false;
comment on column chat_places.kept is 'Nobody looked at it for too long, but somebody has to answer for a danger in it: it stays, and is offered to no ESP before its person is back.';
