/** Kleene's three truth values; undefined is unknown. */
export type Truth = boolean | undefined

export function and(values: readonly Truth[]): Truth {
  if (values.includes(false)) return false
  return values.includes(undefined) ? undefined : true
}

export function or(values: readonly Truth[]): Truth {
  if (values.includes(true)) return true
  return values.includes(undefined) ? undefined : false
}

export function not(value: Truth): Truth {
  return value === undefined ? undefined : !value
}
