import type { StoredCommit } from './commit-log'
import { type Complain, type Holding, holdingsOf, type MemberRecord } from './holding'

/** What is found when the ledgers of all members are compared with the log and with the commits that were stored. */
export interface ChurnAudit {
  /** Messages that were finished at least once. */
  readonly finished: number
  /** Messages that nobody has finished. */
  readonly missing: number
  /** Deliveries beyond the first of each message. */
  readonly duplicates: number
  /** Deliveries that a member began after it woke up, of partitions that others held by then. */
  readonly byZombies: number
  /** The longest time, in milliseconds after it woke up, after which a member still began such a message. */
  readonly zombieMs: number
  /** Partitions that were lost by a member that nobody had frozen for so long. */
  readonly unprovokedLosses: number
  readonly commits: number
  /** Everything that must not be, in words. */
  readonly violations: readonly string[]
}

export interface AuditedChurn {
  readonly members: readonly MemberRecord[]
  readonly commits: readonly StoredCommit[]
  /** The end of each partition's log, which begins at 0. */
  readonly ends: readonly number[]
  /** A member frozen for longer may have been put out of the group. */
  readonly harmlessFreezeMs: number
}

/** Clocks have milliseconds, and one process may write its line a moment after the other has read the time. */
const clockSlackMs = 5

/**
 * Checks, for each partition:
 * - every message was finished by someone
 * - within a holding messages come one after another, and only while it lasts (`holdingsOf`)
 * - a commit was stored only when everything before it was finished, and never went back
 * - a holding begins where the last commit before it ended: what comes twice was in flight, or finished and not committed
 * - what a member finished that gave the partition up in order never comes again: only those may leave something to be
 *   repeated that were killed, frozen for longer than `harmlessFreezeMs` or replaced, or that lost the partition
 * - two hold a partition at the same time only when the first is one of these
 */
export function auditChurn(churn: AuditedChurn): {
  readonly audit: ChurnAudit
  readonly holdings: Holding[]
} {
  const violations: string[] = []
  const complain: Complain = (what) => violations.push(what)
  const holdings = churn.members.flatMap((member) => holdingsOf(member, complain))
  const totals = { finished: 0, missing: 0, duplicates: 0, byZombies: 0, zombieMs: 0, unprovokedLosses: 0 }
  for (const [partition, end] of churn.ends.entries()) {
    const own = holdings.filter((holding) => holding.partition === partition).sort((a, b) => a.from - b.from)
    const commits = churn.commits.filter((commit) => commit.partition === partition)
    const at: Complain = (what) => complain(`partition ${partition}: ${what}`)
    const { finished, begun } = countMessages(own, end, at)
    totals.finished += finished
    totals.missing += end - finished
    totals.duplicates += begun - finished
    checkCommits(commits, own, at)
    checkStarts(own, commits, at)
    checkSuccession(own, churn.harmlessFreezeMs, at)
    for (const holding of own) {
      if (holding.end === 'lost' && !isBroken(holding, churn.harmlessFreezeMs)) totals.unprovokedLosses++
    }
    const zombies = zombieTimes(own)
    totals.byZombies += zombies.length
    totals.zombieMs = Math.max(totals.zombieMs, ...zombies)
  }
  return { audit: { ...totals, commits: churn.commits.length, violations }, holdings }
}

function countMessages(own: readonly Holding[], end: number, complain: Complain) {
  const seen = new Uint8Array(end)
  let begun = 0
  for (const holding of own) {
    begun += holding.begun.length
    for (const offset of finishedOf(holding)) {
      if (offset >= end) complain(`message ${offset} behind the end of the log`)
      else seen[offset] = 1
    }
  }
  const finished = seen.reduce((sum, one) => sum + one, 0)
  if (finished < end) complain(`${end - finished} messages lost, the first is ${seen.indexOf(0)}`)
  return { finished, begun }
}

const finishedOf = ({ begun, finishedAt }: Holding) => begun.slice(0, finishedAt.length)

function checkCommits(commits: readonly StoredCommit[], own: readonly Holding[], complain: Complain): void {
  const firstFinished: number[] = []
  for (const holding of own) {
    for (const [index, offset] of finishedOf(holding).entries()) {
      const time = holding.finishedAt[index] ?? Infinity
      firstFinished[offset] = Math.min(firstFinished[offset] ?? Infinity, time)
    }
  }
  let last = 0
  for (const { offset, time } of commits) {
    if (offset < last) complain(`a commit went back from ${last} to ${offset}`)
    for (let each = last; each < offset; each++) {
      if ((firstFinished[each] ?? Infinity) > time + clockSlackMs)
        complain(`${offset} committed before message ${each} was finished`)
    }
    last = Math.max(last, offset)
  }
}

function checkStarts(own: readonly Holding[], commits: readonly StoredCommit[], complain: Complain): void {
  for (const { member, from, begun, begunAt } of own) {
    const [offset, begunTime] = [begun[0], begunAt[0]]
    if (offset === undefined || begunTime === undefined) continue
    // A member that is frozen between its look at the committed offset and the first message can't know what came later.
    const freeze = member.freezes.find((one) => one.to > from && one.from < begunTime)
    const time = freeze?.from ?? begunTime
    const committed = commits.findLast((commit) => commit.time < time)?.offset ?? 0
    if (offset !== committed) complain(`${member.name} began at ${offset}, but ${committed} was committed`)
  }
}

function checkSuccession(own: readonly Holding[], harmlessFreezeMs: number, complain: Complain): void {
  const active = own.filter(({ begun }) => begun.length > 0)
  for (const [index, holding] of active.entries()) {
    if (holding.end === 'killed' || holding.end === 'lost' || isBroken(holding, harmlessFreezeMs)) continue
    for (const later of active.slice(index + 1)) {
      const [offset = 0, time = 0] = [later.begun[0], later.begunAt[0]]
      const names = `${later.member.name} after ${holding.member.name}`
      if (time < holding.to) complain(`${names}: begun while the first still held it`)
      if (offset < (holding.next ?? 0)) {
        complain(`${names}: message ${offset} comes again, ${holding.next} was next at an orderly end`)
      }
    }
  }
}

/** Whether the group had a reason to give the partition to others while the member could not know. */
export function isBroken({ member, from, to }: Holding, harmlessFreezeMs: number): boolean {
  if (member.replacedAt !== undefined && member.replacedAt < to) return true
  return member.freezes.some(
    (freeze) => freeze.to - freeze.from > harmlessFreezeMs && freeze.from < to && freeze.to > from,
  )
}

/** How long after its awakening a member began messages that another one had begun before. */
function zombieTimes(own: readonly Holding[]): number[] {
  const times: number[] = []
  for (const { member, begunAt, from } of own) {
    for (const freeze of member.freezes) {
      const successor = own.find(
        (other) => other.member !== member && other.from > from && other.from < freeze.to,
      )
      if (successor === undefined || freeze.from < from) continue
      for (const time of begunAt) if (time > freeze.to) times.push(time - freeze.to)
    }
  }
  return times
}
