-- +goose Up
alter table forum_drafts add column post_id uuid;
alter table forum_drafts add column post_version int;
alter table forum_drafts add constraint forum_drafts_post foreign key (service_id, post_id) references forum_posts (service_id, id);
alter table forum_drafts add constraint forum_drafts_edit_whole check ((post_id is null) = (post_version is null) and (post_id is null or thread_id is null));
comment on column forum_drafts.post_id is 'The post of the same account that it would change; its thread is where that stands.';
comment on column forum_drafts.post_version is 'What that post said, by its version, when its writer saw it last.';

alter table forum_post_versions add column cid text not null default '';
comment on column forum_post_versions.cid is 'Of the form that put another text in its place: what that kept as a draft is not kept again after it.';
