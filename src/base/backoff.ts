/** Exponential backoff with jitter (KIP-580): the base doubles per failure up to the maximum, ±20 %. */
export interface BackoffOptions {
  readonly baseMs: number
  readonly maxMs: number
}

const jitter = 0.2

/**
 * Milliseconds to wait after `failures` consecutive failures (1 for the first).
 * @param random gives a number in [0, 1)
 */
export function backoffMs(options: BackoffOptions, failures: number, random: () => number): number {
  const exponent = Math.min(Math.max(failures - 1, 0), 30)
  const plain = Math.min(options.baseMs * 2 ** exponent, options.maxMs)
  return Math.round(plain * (1 - jitter + 2 * jitter * random()))
}
