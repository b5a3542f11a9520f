import { createChromium } from './chromium.ts'
import type { RendererOptions } from './renderer.ts'

/** The renderer as `documents` in secflow.yaml wants it; times in ms. */
export function documentOptions(settings: {
  readonly workers?: number | undefined
  readonly timeout: number
  readonly memoryMb: number
  readonly chromium?: { readonly command: string; readonly timeout: number; readonly sandbox: boolean } | undefined
}): RendererOptions {
  const { workers, timeout, memoryMb, chromium } = settings
  return {
    ...(workers === undefined ? {} : { workers }),
    timeoutMs: timeout,
    maxMemoryMb: memoryMb,
    ...(chromium
      ? {
          body: createChromium({
            command: chromium.command,
            timeoutMs: chromium.timeout,
            sandbox: chromium.sandbox,
          }),
        }
      : {}),
  }
}
