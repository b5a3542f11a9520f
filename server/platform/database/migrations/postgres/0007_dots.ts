/** Which attempts got as far as the final dot; and who waits for a person. */
export const dots = `
alter table job add column dots bigint not null default 0;
create index recipient_waits on recipient (tenant, message, state) where state in ('held', 'quarantined');
`
