-- +goose Up
-- Each of these asked the database once for every message, and cost more than the message. All are true by the way a message is stored: under
-- the lock of its room, by a statement that takes the number, the sender and the service from the participant's row. chat.Check looks
-- for messages of nobody, in no room.
alter table chat_messages drop constraint chat_messages_from_participant;
alter table chat_messages drop constraint chat_messages_sender;
alter table chat_messages drop constraint chat_messages_service_id_fkey;
alter table chat_messages drop constraint chat_messages_room;
