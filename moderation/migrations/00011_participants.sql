-- +goose Up
alter table moderation_cases drop constraint moderation_cases_kind;
alter table moderation_cases add constraint moderation_cases_kind check (subject_kind in ('room', 'message', 'post', 'participant'));
alter table moderation_cases drop constraint moderation_cases_decision;
alter table moderation_cases add constraint moderation_cases_decision check (decision in ('none', 'hide') or decision = 'acted' and subject_kind = 'participant');
comment on constraint moderation_cases_decision on moderation_cases is 'acted: of somebody in a conversation, whom the tutors see to. There is no text of theirs that could be hidden.';
