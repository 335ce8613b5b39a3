-- +goose Up
alter table account_services add column hold_first smallint not null default 3;
alter table account_services add column hold_uncovered boolean not null default true;
alter table account_services add constraint account_services_hold_first_bounded check (hold_first between 0 and 20);
comment on column account_services.hold_first is 'So many first posts of a member are read by somebody before they appear in the forum.';
comment on column account_services.hold_uncovered is 'So is every post written while no ESP and tutor are on call.';
