/** Layers of rule sets, highest first: a lower one tightens only. */
export const LAYERS = ['tenant', 'location', 'department', 'user'] as const
export type Layer = (typeof LAYERS)[number]
