/** Containers inside of containers that are opened; the files of a fifth are not seen. */
export const DEPTH_MAX = 4
/** Files of one mail that are listed. */
export const FILES_MAX = 2_000
/** Encoded messages, TNEF streams and texts with files in them are held up to this. */
export const HOLD_MAX = 8 * 1_048_576
/** Bytes that may be unpacked or read again for a mail, beyond ten times its size. */
export const BUDGET_BASE = 32 * 1_048_576
