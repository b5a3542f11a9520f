/** What a peer's mail program said it can read; null where it never said anything. */
export const capabilities = `
alter table key_material add column capabilities json;
`
