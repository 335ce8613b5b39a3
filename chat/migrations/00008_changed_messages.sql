-- +goose Up
alter table chat_messages drop constraint chat_messages_kind_known;
alter table chat_messages add constraint chat_messages_kind_known check (kind in ('text', 'joined', 'ended', 'lost', 'time_up', 'edited', 'removed'));
alter table chat_messages add column about bigint;
alter table chat_messages add column changed_seq bigint;
alter table chat_messages add column withdrawn boolean not null default false;
alter table chat_messages add constraint chat_messages_about_earlier check ((kind in ('edited', 'removed')) = (about is not null) and about < seq);
create index chat_messages_about on chat_messages (room_id, about) where about is not null;
comment on column chat_messages.about is 'Which message of the same sender an edit or a removal is about. An edit holds the new text; what was said first stays in its row.';
comment on column chat_messages.changed_seq is 'The edit or removal of this message that holds now. Null: as it was sent.';
comment on column chat_messages.withdrawn is 'Its text is shown to nobody who takes part: it was removed, or a later edit stands for it. It stays for the tutor who answers for an escalation.';
