import type { Unpacking } from '../openpgp/index.ts'

const LEAST = 512 * 1_048_576
/** Text packs eight times smaller; 24 sets of keys may open it. */
const FOLD = 8 * 24

/**
 * How much may come out of OpenPGP compression in a mail of `size` bytes over all the people it is opened for: whoever encrypts a
 * kilobyte of zeros to each of them would else have it unpacked to 256 MiB for each, seconds of work every time.
 */
export const unpackingOf = (size: number): Unpacking => ({ left: LEAST + FOLD * size })
