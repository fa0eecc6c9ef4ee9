import type { Freeze } from '../member-process'
import type { LedgerEntry } from './churn-ledger'

/** A member as it is judged afterwards. */
export interface MemberRecord {
  readonly name: string
  /** The place it took, which others may have had before and after. */
  readonly slot: string
  readonly entries: readonly LedgerEntry[]
  readonly freezes: readonly Freeze[]
  /** Milliseconds since 1970; undefined when it was not killed. */
  readonly killedAt: number | undefined
  /** When another one was started in its place while it lived; undefined when there was none. */
  readonly replacedAt: number | undefined
}

/** A partition in the hands of one member, from its assignment to its end. */
export interface Holding {
  readonly member: MemberRecord
  readonly partition: number
  readonly from: number
  /** When it ended, by what the member has written, or by what was done to it. */
  to: number
  end: 'revoked' | 'lost' | 'killed' | 'open'
  /** Offsets of messages that were begun, in their order, with the time of each. */
  readonly begun: number[]
  readonly begunAt: number[]
  /** One past the last message that was finished; undefined when there was none. */
  next: number | undefined
  /** Of each finished message. */
  readonly finishedAt: number[]
}

/** What is found wrong, in words. */
export type Complain = (what: string) => void

/** All holdings of a member; whatever it did outside of them, or out of order, is wrong. */
export function holdingsOf(member: MemberRecord, complain: Complain): Holding[] {
  const all: Holding[] = []
  const open = new Map<number, Holding>()
  const late = new Map<number, Holding>()
  let hasClosed = false
  for (const { kind, partition, offset, time } of member.entries) {
    const held = open.get(partition)
    const at = `${member.name}, partition ${partition}`
    if (kind === 'x') hasClosed = true
    else if (kind === 'a') {
      if (held !== undefined) complain(`${at}: assigned although it is held`)
      const holding = newHolding(member, partition, time)
      open.set(partition, holding)
      all.push(holding)
    } else if (kind === 'r' || kind === 'l') {
      if (held === undefined) complain(`${at}: given up although it is not held`)
      else {
        if (kind === 'r' && held.next !== nextToBegin(held))
          complain(`${at}: revoked before its handler was done`)
        held.to = time
        held.end = kind === 'r' ? 'revoked' : 'lost'
        open.delete(partition)
        late.set(partition, held)
      }
    } else if (kind === 'b') {
      if (held === undefined) complain(`${at}: message ${offset} begun by one that does not hold it`)
      else begin(held, offset, time, complain)
    } else if (kind === 'f') {
      // Handlers of a partition that was lost may still come back.
      const from = held ?? late.get(partition)
      if (held === undefined && from?.end !== 'lost')
        complain(`${at}: message ${offset} finished after the end`)
      if (from !== undefined && from.begun.at(-1) === offset) finish(from, offset, time)
    }
  }
  for (const holding of open.values()) {
    if (hasClosed) complain(`${member.name}, partition ${holding.partition}: held after it has closed`)
    if (member.killedAt === undefined) continue
    holding.to = member.killedAt
    holding.end = 'killed'
  }
  return all
}

function newHolding(member: MemberRecord, partition: number, from: number): Holding {
  return {
    member,
    partition,
    from,
    to: Infinity,
    end: 'open',
    begun: [],
    begunAt: [],
    next: undefined,
    finishedAt: [],
  }
}

function nextToBegin({ begun }: Holding): number | undefined {
  const last = begun.at(-1)
  return last === undefined ? undefined : last + 1
}

/** The log has no gaps: each message follows the one before, which must be finished. */
function begin(holding: Holding, offset: number, time: number, complain: Complain): void {
  const expected = nextToBegin(holding)
  const at = `${holding.member.name}, partition ${holding.partition}`
  if (expected !== undefined && offset !== expected)
    complain(`${at}: message ${offset} after ${expected - 1}`)
  if (holding.next !== expected) complain(`${at}: message ${offset} begun before the last one was finished`)
  holding.begun.push(offset)
  holding.begunAt.push(time)
}

function finish(holding: Holding, offset: number, time: number): void {
  holding.next = offset + 1
  holding.finishedAt.push(time)
}
