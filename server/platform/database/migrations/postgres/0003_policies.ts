/** Versions of the policy, and what it saw of each message. */
export const policies = `
create table policy_version (
  tenant text collate "C" not null,
  serial bigint not null,
  revision text collate "C" not null,
  bundle text collate "C" not null,
  author text collate "C",
  applied_at bigint not null,
  applied_by text collate "C" not null,
  note text collate "C" not null,
  primary key (tenant, serial)
);

create table decision_input (
  tenant text collate "C" not null,
  message text collate "C" not null,
  at bigint not null,
  input json not null,
  redacted boolean not null,
  rules json not null,
  primary key (tenant, message)
);
create index decision_input_age on decision_input (tenant, at, message);
`
