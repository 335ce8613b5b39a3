-- +goose Up
create table forum_proposals (
  id          uuid        primary key,
  service_id  uuid        not null constraint forum_proposals_service references account_services,
  kind        text        not null constraint forum_proposals_kind_known check (kind in ('create', 'archive', 'restore')),
  state       text        not null default 'asked' constraint forum_proposals_state_known check (state in ('asked', 'approved', 'declined', 'withdrawn', 'lapsed')),
  category_id uuid,
  slug        text        not null default '',
  audience    text        not null default '',
  title       text        not null default '',
  rules       text        not null default '',
  place       integer     not null default 0,
  why         text        not null,
  asked_by    uuid        not null,
  asked_at    timestamptz not null default clock_timestamp(),
  settled_by  uuid,
  settled_at  timestamptz,
  reason      text        not null default '',
  constraint forum_proposals_category foreign key (service_id, category_id) references forum_categories (service_id, id),
  constraint forum_proposals_asker foreign key (service_id, asked_by) references account_accounts (service_id, id),
  constraint forum_proposals_settler foreign key (service_id, settled_by) references account_accounts (service_id, id),
  constraint forum_proposals_two_people check (state not in ('approved', 'declined') or settled_by <> asked_by),
  constraint forum_proposals_withdrawn_by_asker check (state <> 'withdrawn' or settled_by = asked_by),
  constraint forum_proposals_settled_whole check ((settled_by is null) = (settled_at is null) and (settled_by is null) = (state in ('asked', 'lapsed'))),
  constraint forum_proposals_declined_with_reason check ((state = 'declined') = (reason <> '')),
  constraint forum_proposals_of_new check (kind <> 'create' or slug ~ '^[a-z0-9]([a-z0-9-]{0,58}[a-z0-9])?$' and audience in ('members', 'family', 'staff')
    and char_length(title) between 3 and 120 and place > 0 and (category_id is not null) = (state = 'approved')),
  constraint forum_proposals_of_old check (kind = 'create' or category_id is not null and slug || audience || title || rules = '' and place = 0)
);
create unique index forum_proposals_one_for_slug on forum_proposals (service_id, slug) where state = 'asked' and kind = 'create';
create unique index forum_proposals_one_for_category on forum_proposals (category_id) where state = 'asked' and kind <> 'create';
create index forum_proposals_by_time on forum_proposals (service_id, asked_at);
comment on table forum_proposals is 'What one administrator proposes about the categories of the forum and another approves or declines: to make one, to archive one, to bring one back. Settled, it is never changed.';
comment on column forum_proposals.category_id is 'Of a new one, the category that was made of it.';
comment on column forum_proposals.place is 'Of a new one, where it is to stand among those that are open, from 1.';
comment on column forum_proposals.reason is 'Why it was declined.';
