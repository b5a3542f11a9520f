/** Versions of the policy, and what it saw of each message. */
export const policies = `
create table policy_version (
  tenant text not null,
  serial integer not null,
  revision text not null,
  bundle text not null,
  author text,
  applied_at integer not null,
  applied_by text not null,
  note text not null,
  primary key (tenant, serial)
) strict;

create table decision_input (
  tenant text not null,
  message text not null,
  at integer not null,
  input text not null,
  redacted integer not null,
  rules text not null,
  primary key (tenant, message)
) strict;
create index decision_input_age on decision_input (tenant, at, message);
`
