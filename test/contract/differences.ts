/**
 * Everything in which the in-process broker is known to answer otherwise than the Kafka it looks like. A suite asks
 * for an entry with `broker.expected(id, whatKafkaDoes)`; it fails when the difference is not seen any more, and
 * `differences.test.ts` fails when no suite asks for an entry.
 */
export const differences = {} satisfies Record<string, Difference>

/** One thing that differs, and why it may. */
export interface Difference {
  /** Which of the two in-process brokers it holds for. */
  readonly versions: readonly ('3.7' | '4.3')[]
  /** What the in-process broker does instead, as the suite compares it. */
  readonly inProcess: unknown
  readonly reason: string
}

/** Names one entry of {@link differences}. */
export type DifferenceId = keyof typeof differences
