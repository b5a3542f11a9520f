/** One measured figure beside that of a peer, as CONTRACT names its fields. */
export interface Row {
  readonly bench: string
  readonly metric: string
  readonly value: number
  readonly unit: string
  readonly peer: string
  readonly peer_value: number
  /** How many times better than the peer; above 1 is better, whichever way the metric runs. */
  readonly ratio: number
  /** How far the rounds lie apart: (largest - smallest ratio) / median ratio. */
  readonly spread: number
}

/** A benchmark prints its progress through `say` and gives its rows as soon as each is known. */
export type Bench = (say: (text: string) => void) => AsyncIterable<Row>

/** The middle value; the mean of the two in the middle for an even number. NaN of nothing. */
export function median(values: readonly number[]): number {
  const sorted = values.toSorted((a, b) => a - b)
  const middle = sorted.length >> 1
  return sorted.length % 2 === 1 ? sorted[middle]! : (sorted[middle - 1]! + sorted[middle]!) / 2
}

/**
 * A row from the values of interleaved rounds, `ours[i]` beside `peers[i]`. The ratio is the median of the rounds' ratios:
 * what else the machine does at the time then hits both sides of one.
 */
export function rowOf(
  about: Pick<Row, 'bench' | 'metric' | 'unit' | 'peer'> & { readonly better: 'more' | 'less' },
  ours: readonly number[],
  peers: readonly number[],
): Row {
  const { better, bench, metric, unit, peer } = about
  const ratios = ours.map((value, round) => (better === 'more' ? value / peers[round]! : peers[round]! / value))
  const ratio = median(ratios)
  return {
    bench,
    metric,
    value: rounded(median(ours)),
    unit,
    peer,
    peer_value: rounded(median(peers)),
    ratio: rounded(ratio),
    spread: rounded((Math.max(...ratios) - Math.min(...ratios)) / ratio),
  }
}

/** Four significant digits. */
const rounded = (value: number) => Number(value.toPrecision(4))
