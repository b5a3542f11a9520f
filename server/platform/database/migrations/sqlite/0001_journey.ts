/**
 * The tables of a mail's journey. Rows that are small and always found by their key are kept in it (`without rowid`).
 * What stands here equals `tables.ts`; `schema.test.ts` compares them.
 */
export const journey = `
create table message (
  tenant text not null,
  id text not null,
  state text not null,
  sender text not null,
  envelope text not null,
  origin text not null,
  blob text not null,
  size integer not null,
  digest text not null,
  rfc_message_id text not null,
  subject text not null,
  accepted_at integer not null,
  decision text,
  primary key (tenant, id)
) strict;
create index message_sender on message (tenant, sender, id);

create table recipient (
  tenant text not null,
  message text not null,
  address text not null,
  position integer not null,
  state text not null,
  "copy" text,
  detail text not null,
  receipt text,
  updated_at integer not null,
  primary key (tenant, message, address),
  foreign key (tenant, message) references message (tenant, id) on delete cascade
) strict, without rowid;

create table copy (
  tenant text not null,
  id text not null,
  message text not null,
  recipients text not null,
  steps text not null,
  blob text not null,
  size integer not null,
  route text not null,
  mail_from text not null,
  created_at integer not null,
  primary key (tenant, id),
  foreign key (tenant, message) references message (tenant, id) on delete cascade
) strict;
create index copy_message on copy (tenant, message, id);

create table link_file (
  tenant text not null,
  id text not null,
  message text not null,
  "name" text not null,
  media_type text not null,
  size integer not null,
  sha256 text not null,
  blob text not null,
  wrapped_key text not null,
  created_at integer not null,
  primary key (tenant, id),
  foreign key (tenant, message) references message (tenant, id) on delete cascade
) strict, without rowid;
create index link_file_message on link_file (tenant, message, id);

create table access_grant (
  tenant text not null,
  id text not null,
  token_hash text not null,
  message text not null,
  recipient text not null,
  kind text not null,
  access text not null,
  files text not null,
  content text,
  reply integer not null,
  receipt integer not null,
  phone text,
  expires_at integer not null,
  revoked_at integer,
  created_at integer not null,
  primary key (tenant, id),
  foreign key (tenant, message) references message (tenant, id) on delete cascade
) strict;
create unique index access_grant_token on access_grant (tenant, token_hash);
create index access_grant_message on access_grant (tenant, message, id);

create table one_time_code (
  tenant text not null,
  id text not null,
  access_grant text not null,
  channel text not null,
  code_hash text not null,
  expires_at integer not null,
  attempts integer not null,
  used_at integer,
  primary key (tenant, id),
  foreign key (tenant, access_grant) references access_grant (tenant, id) on delete cascade
) strict, without rowid;
create index one_time_code_grant on one_time_code (tenant, access_grant, channel, expires_at);

create table portal_session (
  tenant text not null,
  token_hash text not null,
  access_grant text not null,
  factors text not null,
  expires_at integer not null,
  primary key (tenant, token_hash),
  foreign key (tenant, access_grant) references access_grant (tenant, id) on delete cascade
) strict, without rowid;
create index portal_session_grant on portal_session (tenant, access_grant);

create table audit (
  tenant text not null,
  seq integer not null,
  message text not null,
  "text" text not null,
  hash text not null,
  primary key (tenant, seq)
) strict;
create index audit_message on audit (tenant, message, seq);

create table job (
  tenant text not null,
  id text not null,
  queue text not null,
  message text not null,
  lane text not null,
  step text not null,
  payload text,
  state text not null,
  attempt integer not null,
  crashes integer not null,
  run_at integer not null,
  lease_until integer,
  lease_token text,
  last_fault text not null,
  created_at integer not null,
  primary key (tenant, id)
) strict;
create unique index job_once on job (tenant, message, queue, lane, step);
create index job_open on job (state, queue, run_at, id) where state <> 'done';

create table idempotency (
  tenant text not null,
  client text not null,
  "key" text not null,
  body_hash text not null,
  response text,
  created_at integer not null,
  primary key (tenant, client, "key")
) strict;

create table key_material (
  tenant text not null,
  id text not null,
  kind text not null,
  "use" text not null,
  address text not null,
  public_text text not null,
  sealed_private blob,
  revoked_at integer,
  created_at integer not null,
  primary key (tenant, id)
) strict;
create index key_material_address on key_material (tenant, address, kind, "use");
create index key_material_kind on key_material (tenant, kind, "use");

create table person (
  tenant text not null,
  address text not null,
  "name" text,
  is_user integer not null,
  department text,
  location text,
  role text,
  "groups" text not null,
  country text,
  "language" text,
  phone text,
  portal_account integer not null,
  last_contact text,
  password_hash text,
  primary key (tenant, address)
) strict, without rowid;
create index person_role on person (tenant, role, address);
`
