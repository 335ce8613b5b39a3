-- +goose Up
create table forum_pages (
  id         uuid    primary key,
  service_id uuid    not null references account_services,
  slug       text    not null,
  version    integer not null default 1,
  removed_at timestamptz,
  constraint forum_pages_slug_once unique (service_id, slug),
  constraint forum_pages_of_service unique (service_id, id),
  constraint forum_pages_slug_form check (slug ~ '^[a-z0-9]+(-[a-z0-9]+)*$' and char_length(slug) <= 80),
  constraint forum_pages_version_positive check (version > 0)
);
comment on table forum_pages is 'Pages that need no account: what Ponti is, and where there is help nearby. What they say stands in forum_page_versions.';

create table forum_page_versions (
  page_id    uuid        not null,
  version    integer     not null,
  service_id uuid        not null references account_services,
  kind       text        not null,
  title      text        not null,
  source     text        not null default '',
  province   text        not null default '',
  address    text        not null default '',
  phone      text        not null default '',
  mail       text        not null default '',
  web        text        not null default '',
  hours      text        not null default '',
  written_at timestamptz not null default clock_timestamp(),
  written_by uuid,
  constraint forum_page_versions_once primary key (page_id, version),
  constraint forum_page_versions_page foreign key (service_id, page_id) references forum_pages (service_id, id),
  constraint forum_page_versions_author foreign key (service_id, written_by) references account_accounts (service_id, id),
  constraint forum_page_versions_kind_known check (kind in ('article', 'leaflet', 'service', 'association', 'group')),
  constraint forum_page_versions_length check (char_length(title) between 3 and 120 and char_length(source) <= 20000
    and char_length(province) <= 40 and char_length(address) <= 200 and char_length(phone) <= 40 and char_length(mail) <= 120
    and char_length(web) <= 200 and char_length(hours) <= 200)
);
comment on table forum_page_versions is 'Every version of a page, as an administrator saved it: the latest is shown, an older one can be taken back.';
