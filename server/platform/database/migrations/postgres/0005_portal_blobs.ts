/** Finds the grant that leads to a portal message's blob. */
export const portalBlobs = `
alter table access_grant add column content_blob text collate "C";
update access_grant set content_blob = content ->> 'blob' where content is not null;
create index access_grant_content on access_grant (tenant, content_blob) where content_blob is not null;
`
