/** What tells tidying (`server/journey/tidy.ts`) quickly what is over, and what it has erased already. */
export const tidy = `
alter table message add column erased_at bigint;
create index message_kept on message (tenant, state, id) where erased_at is null;

alter table access_grant add column erased_at bigint;
create index access_grant_expiry on access_grant (tenant, expires_at) where erased_at is null;
create index access_grant_revoked on access_grant (tenant, revoked_at) where erased_at is null and revoked_at is not null;

create index one_time_code_expiry on one_time_code (tenant, expires_at);
create index portal_session_expiry on portal_session (tenant, expires_at);
create index job_ended on job (tenant, created_at) where state in ('done', 'dead');
create index idempotency_age on idempotency (tenant, created_at);
`
