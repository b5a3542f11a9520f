/** A person may send as others: shared mailboxes, whose delegate it is. */
export const delegates = `
alter table person add column sends_as json not null default '[]';
`
