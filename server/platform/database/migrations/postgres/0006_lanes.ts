/** Finds the due jobs of one lane by one index range, and the lanes that have any by one seek each. */
export const lanes = `
drop index job_open;
create index job_lane on job (state, queue, tenant, lane, run_at, id) where state <> 'done';
`
