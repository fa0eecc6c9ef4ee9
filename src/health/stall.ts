import { groupBy } from '../base/group-by'
import type { TopicPartition } from '../base/topic-partition'

/** Something that has not moved for `stallTimeoutMs`, although something waits for it. Which kinds there are is the client's. */
export interface Stall<Kind extends string = string> {
  readonly kind: Kind
  /** Since when, in milliseconds since 1970. */
  readonly since: number
  readonly durationMs: number
  /** The partitions it holds up; empty where it is not about some of them. */
  readonly partitions: readonly TopicPartition[]
  /** The broker that is waited for; undefined where none is, or none is known. */
  readonly nodeId: number | undefined
  /** One sentence: what is waited for, for how long, and the last error. */
  readonly reason: string
}

/** Something that has waited for longer than it may. */
export interface Overdue<Kind extends string> {
  readonly kind: Kind
  readonly waitedMs: number
  readonly partition: TopicPartition | undefined
  readonly nodeId: number | undefined
  /** What is waited for, with its time; `; last error: …` follows. */
  readonly text: string
  readonly lastError: string | undefined
}

/** One stall for each kind and broker, told by what has waited longest. */
export function stallsOf<Kind extends string>(
  overdue: readonly Overdue<Kind>[],
  wallTime: number,
): Stall<Kind>[] {
  return [...groupBy(overdue, stallKey).values()].map((group) => stallOf(group, wallTime))
}

/** Tells stalls apart from one look to the next. */
export function stallKey({ kind, nodeId }: { readonly kind: string; readonly nodeId: number | undefined }) {
  return `${kind} ${nodeId}`
}

function stallOf<Kind extends string>(group: readonly Overdue<Kind>[], wallTime: number): Stall<Kind> {
  const oldest = group.reduce((a, b) => (b.waitedMs > a.waitedMs ? b : a))
  const { kind, nodeId, waitedMs, text } = oldest
  const lastError = oldest.lastError ?? group.find((one) => one.lastError !== undefined)?.lastError
  const others = group.length > 1 ? ` (and ${group.length - 1} more)` : ''
  return Object.freeze({
    kind,
    since: wallTime - waitedMs,
    durationMs: waitedMs,
    partitions: group.flatMap(({ partition }) => partition ?? []),
    nodeId,
    reason: `${text}${others}${lastError === undefined ? '' : `; last error: ${lastError}`}`,
  })
}

/** `31 s`, as reasons tell it. */
export function seconds(ms: number): string {
  return ms < 10_000 ? `${(ms / 1000).toFixed(1)} s` : `${Math.round(ms / 1000)} s`
}
