-- +goose Up
-- A story is read by two people before it appears.
alter table forum_held drop constraint forum_held_why_known;
alter table forum_held add constraint forum_held_why_known check (why in ('first', 'uncovered', 'muted', 'harm', 'story'));
comment on constraint forum_held_why_known on forum_held is 'harm: it reads as if it harmed others, and shows no risk of its author. What people write of themselves is never held for what it says. story: two people read one.';
alter table forum_held add column version integer not null default 1;
comment on column forum_held.version is 'Grows when the author changes it: whoever says yes says it to the version they read.';
alter table forum_held add constraint forum_held_of_author unique (id, author_id);

create table forum_approvals (
  held_id      uuid        not null,
  account_id   uuid        not null,
  service_id   uuid        not null references account_services,
  author_id    uuid        not null,
  account_role text        not null,
  approved_at  timestamptz not null default clock_timestamp(),
  constraint forum_approvals_once primary key (held_id, account_id),
  constraint forum_approvals_held foreign key (held_id, author_id) references forum_held (id, author_id) on delete cascade,
  constraint forum_approvals_account foreign key (service_id, account_id) references account_accounts (service_id, id),
  constraint forum_approvals_never_own check (account_id <> author_id),
  constraint forum_approvals_by_readers check (account_role in ('esp', 'senior', 'tutor'))
);
comment on table forum_approvals is 'Who said yes to a held story as it stands, once each and never its author. They go when it is changed, and with it when it appears.';

alter table forum_threads add column approved_by uuid;
alter table forum_threads add column approved_with uuid;
alter table forum_threads add constraint forum_threads_approved_by foreign key (service_id, approved_by) references account_accounts (service_id, id);
alter table forum_threads add constraint forum_threads_approved_with foreign key (service_id, approved_with) references account_accounts (service_id, id);
alter table forum_threads add constraint forum_threads_approved_by_two check ((approved_by is null) = (approved_with is null)
  and approved_by <> approved_with and author_id not in (approved_by, approved_with) and (approved_by is null or kind = 'story'));
comment on column forum_threads.approved_by is 'The ESP of the two people who read a story before it appeared; approved_with is the other. Null for what was brought in from elsewhere.';

-- A publication is long, is told in a few lines where it is listed, and is answered only if its author wants that. The new limits are looser than those before, which every row met: none
-- is looked at again.
alter table forum_threads add column abstract text not null default '';
alter table forum_threads add column closed_to_replies boolean not null default false;
alter table forum_threads add constraint forum_threads_publication_told check (char_length(abstract) <= 400 and (kind = 'publication' or abstract = '' and not closed_to_replies));
comment on column forum_threads.abstract is 'Of a publication, what its list tells of it.';
comment on column forum_threads.closed_to_replies is 'Its author wants no answers: of a publication alone. Others lock a thread.';
alter table forum_held drop constraint forum_held_text_length;
alter table forum_held add constraint forum_held_text_length check (char_length(source) between 1 and 20000 and char_length(title) <= 120) not valid;
alter table forum_posts drop constraint forum_posts_text_length;
alter table forum_posts add constraint forum_posts_text_length check (char_length(source) <= 20000 and (source <> '') = (deleted_at is null)) not valid;
