/** Small messages stand whole in the database; no time is spent on packing what is mostly packed already. */
export const contents = `
create table message_content (
  tenant text collate "C" not null,
  message text collate "C" not null,
  bytes bytea not null,
  primary key (tenant, message),
  foreign key (tenant, message) references message (tenant, id) on delete cascade
);
alter table message_content alter column bytes set storage external;
`
