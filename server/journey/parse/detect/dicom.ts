import { type Detect, startsWith } from './content-type.ts'

/** DICOM Part 10 (PS3.10 7.1): a preamble of 128 bytes, then `DICM`. */
export const detectDicom: Detect = (content) => (startsWith(content, 'DICM', 128) ? { type: 'dcm' } : null)
