/** Copies whose body is the received one have a header of their own and no blob. */
export const heads = `
alter table copy add column head blob;
alter table copy add column body_start integer;
`
