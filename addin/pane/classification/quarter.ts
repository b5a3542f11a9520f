/** Place in the order, in four steps: lowest, low, high, highest. */
export function quarter(at: number, of: number): 0 | 1 | 2 | 3 {
  return Math.round(of < 2 ? 0 : (at / (of - 1)) * 3) as 0 | 1 | 2 | 3
}
