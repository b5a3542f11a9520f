/** Finds what a mail answers by its Message-ID. */
export const threads = `
create index message_called on message (tenant, rfc_message_id);
`
