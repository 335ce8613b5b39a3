-- +goose Up
create table chat_listings (
  place_id   uuid        not null references chat_places on delete cascade,
  service_id uuid        not null references account_services,
  account_id uuid        not null,
  shown_at   timestamptz not null default now(),
  constraint chat_listings_pkey primary key (place_id, account_id),
  constraint chat_listings_account foreign key (service_id, account_id) references account_accounts (service_id, id)
);
comment on table chat_listings is 'Which tutor was shown which waiting person, topic and all. The first time is audited; looking at the same list again is not.';
