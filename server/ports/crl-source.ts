/** Where authorities publish revocation lists. One try a call, bounded in time and size. */
export interface CrlSource {
  /**
   * The octets behind a distribution point, at most 8 MiB. Raises `effect-unreachable` (try again) or `effect-refused` (an
   * address that may not be asked, an answer that is none).
   */
  read(url: string): Promise<Buffer>
}
