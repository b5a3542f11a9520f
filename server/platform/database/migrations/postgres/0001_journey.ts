/**
 * The tables of a mail's journey, equal to SQLite's column by column (`postgres/schema.test.ts`). Text sorts by its bytes
 * (`collate "C"`) whatever the database's locale, JSON stays as it was written. The rows of `job` change several times in their life:
 * room on the page for that, and a vacuum that keeps up.
 */
export const journey = `
create table message (
  tenant text collate "C" not null,
  id text collate "C" not null,
  state text collate "C" not null,
  sender text collate "C" not null,
  envelope json not null,
  origin json not null,
  blob text collate "C" not null,
  size bigint not null,
  digest text collate "C" not null,
  rfc_message_id text collate "C" not null,
  subject text collate "C" not null,
  accepted_at bigint not null,
  decision json,
  primary key (tenant, id)
);
create index message_sender on message (tenant, sender, id);

create table recipient (
  tenant text collate "C" not null,
  message text collate "C" not null,
  address text collate "C" not null,
  position bigint not null,
  state text collate "C" not null,
  "copy" text collate "C",
  detail text collate "C" not null,
  receipt json,
  updated_at bigint not null,
  primary key (tenant, message, address),
  foreign key (tenant, message) references message (tenant, id) on delete cascade
);

create table copy (
  tenant text collate "C" not null,
  id text collate "C" not null,
  message text collate "C" not null,
  recipients json not null,
  steps json not null,
  blob text collate "C" not null,
  size bigint not null,
  route text collate "C" not null,
  mail_from text collate "C" not null,
  created_at bigint not null,
  primary key (tenant, id),
  foreign key (tenant, message) references message (tenant, id) on delete cascade
);
create index copy_message on copy (tenant, message, id);

create table link_file (
  tenant text collate "C" not null,
  id text collate "C" not null,
  message text collate "C" not null,
  "name" text collate "C" not null,
  media_type text collate "C" not null,
  size bigint not null,
  sha256 text collate "C" not null,
  blob text collate "C" not null,
  wrapped_key text collate "C" not null,
  created_at bigint not null,
  primary key (tenant, id),
  foreign key (tenant, message) references message (tenant, id) on delete cascade
);
create index link_file_message on link_file (tenant, message, id);

create table access_grant (
  tenant text collate "C" not null,
  id text collate "C" not null,
  token_hash text collate "C" not null,
  message text collate "C" not null,
  recipient text collate "C" not null,
  kind text collate "C" not null,
  access text collate "C" not null,
  files json not null,
  content json,
  reply boolean not null,
  receipt boolean not null,
  phone text collate "C",
  expires_at bigint not null,
  revoked_at bigint,
  created_at bigint not null,
  primary key (tenant, id),
  foreign key (tenant, message) references message (tenant, id) on delete cascade
);
create unique index access_grant_token on access_grant (tenant, token_hash);
create index access_grant_message on access_grant (tenant, message, id);

create table one_time_code (
  tenant text collate "C" not null,
  id text collate "C" not null,
  access_grant text collate "C" not null,
  channel text collate "C" not null,
  code_hash text collate "C" not null,
  expires_at bigint not null,
  attempts bigint not null,
  used_at bigint,
  primary key (tenant, id),
  foreign key (tenant, access_grant) references access_grant (tenant, id) on delete cascade
);
create index one_time_code_grant on one_time_code (tenant, access_grant, channel, expires_at);

create table portal_session (
  tenant text collate "C" not null,
  token_hash text collate "C" not null,
  access_grant text collate "C" not null,
  factors json not null,
  expires_at bigint not null,
  primary key (tenant, token_hash),
  foreign key (tenant, access_grant) references access_grant (tenant, id) on delete cascade
);
create index portal_session_grant on portal_session (tenant, access_grant);

create table audit (
  tenant text collate "C" not null,
  seq bigint not null,
  message text collate "C" not null,
  "text" text collate "C" not null,
  hash text collate "C" not null,
  primary key (tenant, seq)
);
create index audit_message on audit (tenant, message, seq);

create table job (
  tenant text collate "C" not null,
  id text collate "C" not null,
  queue text collate "C" not null,
  message text collate "C" not null,
  lane text collate "C" not null,
  step text collate "C" not null,
  payload json,
  state text collate "C" not null,
  attempt bigint not null,
  crashes bigint not null,
  run_at bigint not null,
  lease_until bigint,
  lease_token text collate "C",
  last_fault text collate "C" not null,
  created_at bigint not null,
  primary key (tenant, id)
) with (fillfactor = 70, autovacuum_vacuum_scale_factor = 0.02, autovacuum_vacuum_threshold = 2000);
create unique index job_once on job (tenant, message, queue, lane, step);
create index job_open on job (state, queue, run_at, id) where state <> 'done';

create table idempotency (
  tenant text collate "C" not null,
  client text collate "C" not null,
  "key" text collate "C" not null,
  body_hash text collate "C" not null,
  response json,
  created_at bigint not null,
  primary key (tenant, client, "key")
);

create table key_material (
  tenant text collate "C" not null,
  id text collate "C" not null,
  kind text collate "C" not null,
  "use" text collate "C" not null,
  address text collate "C" not null,
  public_text text collate "C" not null,
  sealed_private bytea,
  revoked_at bigint,
  created_at bigint not null,
  primary key (tenant, id)
);
create index key_material_address on key_material (tenant, address, kind, "use");
create index key_material_kind on key_material (tenant, kind, "use");

create table person (
  tenant text collate "C" not null,
  address text collate "C" not null,
  "name" text collate "C",
  is_user boolean not null,
  department text collate "C",
  location text collate "C",
  role text collate "C",
  "groups" json not null,
  country text collate "C",
  "language" text collate "C",
  phone text collate "C",
  portal_account boolean not null,
  last_contact text collate "C",
  password_hash text collate "C",
  primary key (tenant, address)
);
create index person_role on person (tenant, role, address);
`
