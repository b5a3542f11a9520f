/** Small messages stand whole in the database. */
export const contents = `
create table message_content (
  tenant text not null,
  message text not null,
  bytes blob not null,
  primary key (tenant, message),
  foreign key (tenant, message) references message (tenant, id) on delete cascade
) strict, without rowid;
`
