/** The one function used of tr46, which ships no types: UTS 46 ToASCII; null for what is no domain name. */
declare module 'tr46' {
  export function toASCII(
    domainName: string,
    options?: {
      checkHyphens?: boolean
      checkBidi?: boolean
      checkJoiners?: boolean
      useSTD3ASCIIRules?: boolean
      verifyDNSLength?: boolean
      transitionalProcessing?: boolean
    },
  ): string | null
  export function toUnicode(domainName: string): { domain: string; error: boolean }
}
