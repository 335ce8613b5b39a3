-- +goose Up
-- What the service is follows from the subject, and each message asks how its room stands.
create index moderation_escalations_of_subject on moderation_escalations (subject_kind, subject_id, raised_at desc);
