-- +goose Up
create table account_services (
  id                   uuid        primary key,
  name                 text        not null,
  host                 text        not null,
  locale               text        not null,
  time_zone            text        not null,
  numbers              jsonb       not null,
  numbers_confirmed_at timestamptz,
  webhook_url          text        not null default '',
  created_at           timestamptz not null default now(),
  constraint account_services_host_once unique (host),
  constraint account_services_name_given check (name <> ''),
  constraint account_services_numbers_list check (jsonb_typeof(numbers) = 'array' and jsonb_array_length(numbers) > 0)
);
comment on table account_services is 'The tenants: mental-health departments and associations. Host "*" takes every host that no other service has.';
comment on column account_services.numbers_confirmed_at is 'When an administrator confirmed the emergency numbers. Null: still the defaults nobody has checked.';

create table account_accounts (
  id             uuid        primary key,
  service_id     uuid        not null references account_services,
  role           text        not null,
  alias          text        not null,
  alias_key      text        not null,
  password_hash  text,
  recovery_hash  bytea,
  locale         text        not null,
  created_at     timestamptz not null default now(),
  disabled_at    timestamptz,
  constraint account_accounts_alias_once unique (service_id, alias_key),
  constraint account_accounts_in_service unique (service_id, id),
  constraint account_accounts_with_role unique (service_id, id, role),
  constraint account_accounts_role_known check (role in ('guest', 'member', 'family', 'esp', 'senior', 'tutor', 'admin', 'auditor')),
  constraint account_accounts_password_unless_guest check ((role = 'guest') = (password_hash is null))
);
create index account_accounts_staff on account_accounts (service_id, role, id) where role in ('esp', 'senior', 'tutor', 'admin', 'auditor');
comment on table account_accounts is 'People and staff. Passwords as argon2id, recovery codes as SHA-256; a guest has neither. No real name, mail address or telephone.';
comment on column account_accounts.alias_key is 'The alias as two people would confuse it: without case, accents, spaces and look-alike characters.';

create table account_consents (
  account_id uuid        not null,
  service_id uuid        not null references account_services,
  version    text        not null,
  given_at   timestamptz not null default now(),
  constraint account_consents_pkey primary key (account_id, version),
  constraint account_consents_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade
);
comment on table account_consents is 'Which version of the notice a person agreed to, and when.';

create table account_sessions (
  id         uuid        primary key,
  service_id uuid        not null references account_services,
  account_id uuid        not null,
  token_hash bytea       not null,
  data       jsonb       not null default '{}',
  created_at timestamptz not null default now(),
  seen_at    timestamptz not null default now(),
  idle       interval    not null,
  ends_at    timestamptz not null,
  constraint account_sessions_token_once unique (token_hash),
  constraint account_sessions_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade
);
create index account_sessions_by_account on account_sessions (account_id);
create index account_sessions_by_end on account_sessions (ends_at);
comment on table account_sessions is 'Sign-ins. Only the SHA-256 of a token is kept. Over when ends_at passes, or when nothing was seen for the idle interval.';

create table account_invitations (
  id         uuid        primary key,
  service_id uuid        not null references account_services,
  role       text        not null,
  alias      text        not null,
  token_hash bytea       not null,
  invited_by uuid        not null,
  created_at timestamptz not null default now(),
  expires_at timestamptz not null,
  used_by    uuid,
  used_at    timestamptz,
  constraint account_invitations_token_once unique (token_hash),
  constraint account_invitations_staff_only check (role in ('esp', 'senior', 'tutor', 'admin', 'auditor')),
  constraint account_invitations_used_whole check ((used_by is null) = (used_at is null)),
  constraint account_invitations_inviter foreign key (service_id, invited_by) references account_accounts (service_id, id),
  constraint account_invitations_user foreign key (service_id, used_by) references account_accounts (service_id, id)
);
create index account_invitations_open on account_invitations (service_id, expires_at) where used_at is null;
comment on table account_invitations is 'Single-use links by which an administrator invites staff. Bound to a role; only the hash of the token is kept.';

create table account_first_admins (
  token_hash bytea       primary key,
  service_id uuid        not null references account_services,
  expires_at timestamptz not null
);
comment on table account_first_admins is 'One-time tokens for the first administrator of a service that has none. All go when one is used.';

create table account_tutors (
  service_id  uuid        not null references account_services,
  esp_id      uuid        not null,
  esp_role    text        not null,
  tutor_id    uuid        not null,
  tutor_role  text        not null default 'tutor',
  assigned_by uuid        not null,
  assigned_at timestamptz not null default now(),
  constraint account_tutors_one_each primary key (esp_id),
  constraint account_tutors_esp_is_peer check (esp_role in ('esp', 'senior')),
  constraint account_tutors_tutor_is_tutor check (tutor_role = 'tutor'),
  constraint account_tutors_esp foreign key (service_id, esp_id, esp_role) references account_accounts (service_id, id, role) on update cascade,
  constraint account_tutors_tutor foreign key (service_id, tutor_id, tutor_role) references account_accounts (service_id, id, role)
);
create index account_tutors_by_tutor on account_tutors (tutor_id);
comment on table account_tutors is 'The tutor who stands behind each ESP: both of the same service, each with the right role.';

create table account_requests (
  account_id uuid        not null,
  service_id uuid        not null references account_services,
  kind       text        not null,
  reason     text        not null,
  asked_by   uuid        not null,
  asked_at   timestamptz not null default now(),
  constraint account_requests_pkey primary key (account_id),
  constraint account_requests_kind_known check (kind in ('disable', 'enable')),
  constraint account_requests_account foreign key (service_id, account_id) references account_accounts (service_id, id) on delete cascade,
  constraint account_requests_asker foreign key (service_id, asked_by) references account_accounts (service_id, id),
  constraint account_requests_not_oneself check (asked_by <> account_id)
);
comment on table account_requests is 'One person has asked to disable or enable an account; it happens when a second person asks the same within a day.';
