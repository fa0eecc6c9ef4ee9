import type { Holding, MemberRecord } from './holding'
import { isBroken } from './churn-audit'

/** How long things took, in milliseconds. */
export interface Distribution {
  readonly count: number
  readonly median: number
  readonly p99: number
  readonly max: number
}

/** The time without progress of one partition, for each rebalance: between the last message finished before and the first after. */
export interface Pauses {
  /** Partitions that their member kept through a rebalance. */
  readonly kept: Distribution
  /** The same measure at times without a rebalance: what this machine does to any partition. */
  readonly undisturbed: Distribution
  /** Given up in order, and given to the same member again, or in its place. */
  readonly cameBack: Distribution
  /** Given up in order, and given to another member. */
  readonly moved: Distribution
  /** Taken from a member that was killed or frozen; from then on, with its session. */
  readonly takenOver: Distribution
}

export interface MeasuredChurn {
  readonly members: readonly MemberRecord[]
  readonly holdings: readonly Holding[]
  /** When messages came in without a break, in milliseconds since 1970. */
  readonly fed: { readonly from: number; readonly to: number }
  readonly harmlessFreezeMs: number
}

/** Before a member hears that a rebalance has ended. Longer than heartbeats and the answers of all members take. */
const rebalanceMs = 1000
/** Afterwards, what was only a thought late shows. */
const echoMs = 200

export function measurePauses(churn: MeasuredChurn): Pauses {
  const { holdings, fed } = churn
  const changes = { cameBack: [] as number[], moved: [] as number[], takenOver: [] as number[] }
  for (const partition of new Set(holdings.map((holding) => holding.partition))) {
    const own = holdings
      .filter((holding) => holding.partition === partition && holding.finishedAt.length > 0)
      .sort((a, b) => a.from - b.from)
    for (const [index, holding] of own.entries()) {
      const next = own[index + 1]
      const [last = Infinity, first = Infinity] = [holding.finishedAt.at(-1), next?.finishedAt[0]]
      if (next === undefined || first > fed.to || last < fed.from) continue
      const broken = holding.end !== 'revoked' || isBroken(holding, churn.harmlessFreezeMs)
      const isSame = next.member.slot === holding.member.slot
      if (broken) changes.takenOver.push(first - brokenAt(holding, last))
      else (isSame ? changes.cameBack : changes.moved).push(first - last)
    }
  }
  const { kept, undisturbed } = withinHoldings(churn)
  return {
    kept: distributionOf(kept),
    undisturbed: distributionOf(undisturbed),
    cameBack: distributionOf(changes.cameBack),
    moved: distributionOf(changes.moved),
    takenOver: distributionOf(changes.takenOver),
  }
}

/** A frozen member may finish one more message when it wakes up; what counts is when it fell silent. */
function brokenAt({ member, from, to }: Holding, last: number): number {
  const freeze = member.freezes.find((one) => one.from < to && one.to > from)
  return Math.min(last, freeze?.from ?? Infinity)
}

/** The longest time between two finished messages, of each partition in each window in which its member held it. */
function withinHoldings({ members, holdings, fed }: MeasuredChurn) {
  const rebalances = members
    .flatMap(({ entries }) => entries)
    .filter(({ kind }) => kind === 'g')
    .map(({ time, offset }) => ({ from: time - Math.max(rebalanceMs, offset), to: time + echoMs }))
  const kept: number[] = []
  const undisturbed: number[] = []
  const windowMs = rebalanceMs + echoMs
  for (const holding of holdings) {
    const from = Math.max(holding.from, fed.from)
    const to = Math.min(holding.to, fed.to)
    const isFair = (window: { from: number; to: number }) =>
      window.from > from && window.to < to && !isFrozenIn(holding.member, window)
    for (const { kind, time, offset } of holding.member.entries) {
      const window = { from: time - Math.max(rebalanceMs, offset), to: time + echoMs }
      if (kind === 'g' && isFair(window)) kept.push(longestGap(holding.finishedAt, window))
    }
    for (let start = from; start + windowMs < to; start += windowMs) {
      const window = { from: start, to: start + windowMs }
      const isQuiet = rebalances.every((one) => one.to < window.from || one.from > window.to)
      if (isQuiet && isFair(window)) undisturbed.push(longestGap(holding.finishedAt, window))
    }
  }
  return { kept, undisturbed }
}

function isFrozenIn({ freezes }: MemberRecord, window: { from: number; to: number }): boolean {
  return freezes.some((freeze) => freeze.from < window.to && freeze.to > window.from - rebalanceMs)
}

/** The longest gap that touches the window, to its own ends. */
function longestGap(times: readonly number[], { from, to }: { from: number; to: number }): number {
  let longest = 0
  let low = 0
  for (let high = times.length; low < high;) {
    const middle = (low + high) >> 1
    if ((times[middle] ?? Infinity) < from) low = middle + 1
    else high = middle
  }
  for (let index = Math.max(1, low); index < times.length; index++) {
    const before = times[index - 1] ?? 0
    if (before > to) break
    longest = Math.max(longest, (times[index] ?? before) - before)
  }
  // After the last message nothing tells whether more would have come.
  return longest
}

export function distributionOf(values: readonly number[]): Distribution {
  const sorted = values.toSorted((a, b) => a - b)
  const at = (share: number) => sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * share))] ?? 0
  return { count: sorted.length, median: at(0.5), p99: at(0.99), max: sorted.at(-1) ?? 0 }
}
