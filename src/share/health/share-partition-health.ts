import type { KafkaError } from '../../base/errors'
import type { TopicPartition } from '../../base/topic-partition'
import type { Clock } from '../../base/clock'
import type { Metadata } from '../../cluster/metadata'
import type { BrokerRequests } from '../../health/broker-requests'
import type { HandlerWatch } from '../../message/handler-watch'
import type { HeldRecords } from '../held-records'
import { leaderOf } from '../share-leader'
import { ShareMessage } from '../share-message'
import type { SharePartition } from '../share-partition'

/**
 * What a partition waits for:
 * - `leader`: it has none, or its topic is not known
 * - `broker`: an answer that is late, or that was a refusal
 * - `messages`: nothing; the broker will send the next ones
 * - `reader`: messages are there, or would be asked for: somebody has to ask for the next one
 * - `handler`: a handler works on its messages
 * - `acknowledgement`: all was said, and the broker has not taken it yet
 */
export type SharePartitionWait = 'leader' | 'broker' | 'messages' | 'reader' | 'handler' | 'acknowledgement'

/** One partition that this member reads, without asking anybody. */
export interface SharePartitionHealth extends TopicPartition {
  /** The broker that leads it, and holds the locks; undefined for none. */
  readonly nodeId: number | undefined
  /** Offsets that are locked for this member and were not handed out yet; some of them may hold no message. */
  readonly bufferedCount: number
  /** Messages in the hands of handlers that were awaited, or of a loop. */
  readonly handledCount: number
  /** Offsets of which the last word was said, and the broker has not confirmed it. */
  readonly acknowledgingCount: number
  /** Milliseconds until the first of the locks ends; undefined while nothing is held, or brokers did not tell. */
  readonly lockEndsInMs: number | undefined
  readonly waitsFor: SharePartitionWait
  /** Why it can't be read; what it was told to the reader with. Undefined when it can. */
  readonly error: KafkaError | undefined
}

/** What the health of partitions is made from. */
export interface SharePartitionContext {
  readonly clock: Clock
  readonly metadata: Metadata
  readonly requests: BrokerRequests
  readonly held: HeldRecords
  readonly watch: HandlerWatch
  /** Messages are asked for, and none wait to be handed out. */
  readonly isThirsty: boolean
  readonly fetchMaxWaitMs: number
}

/** What is held of one partition. */
interface Holding {
  /** Of which nothing final was said. */
  open: number
  acknowledging: number
  handled: number
  /** Of those in hands, of which nothing final was said. */
  handledOpen: number
  lockedUntil: number
}

export function sharePartitionsHealth(
  partitions: readonly SharePartition[],
  context: SharePartitionContext,
): SharePartitionHealth[] {
  const holdings = holdingsOf(context)
  return partitions.map((partition) => healthOf(partition, holdings.get(partition.key) ?? nothing(), context))
}

function healthOf(
  partition: SharePartition,
  holding: Holding,
  context: SharePartitionContext,
): SharePartitionHealth {
  const { clock, metadata } = context
  const leaderId = leaderOf(metadata, partition)
  const { open, acknowledging, handled, handledOpen, lockedUntil } = holding
  const bufferedCount = Math.max(0, open - handledOpen)
  const counts = { bufferedCount, handledCount: handled, acknowledgingCount: acknowledging }
  return Object.freeze({
    topic: partition.topic,
    partition: partition.partition,
    nodeId: leaderId < 0 ? undefined : leaderId,
    ...counts,
    lockEndsInMs: lockedUntil === Infinity ? undefined : Math.max(0, lockedUntil - clock.now()),
    waitsFor: waitOf(partition, leaderId, counts, context),
    error: partition.failure,
  })
}

function waitOf(
  { failures }: SharePartition,
  leaderId: number,
  counts: Pick<SharePartitionHealth, 'bufferedCount' | 'handledCount' | 'acknowledgingCount'>,
  { clock, requests, isThirsty, fetchMaxWaitMs }: SharePartitionContext,
): SharePartitionWait {
  if (counts.handledCount > 0) return 'handler'
  if (leaderId < 0) return 'leader'
  if (counts.bufferedCount > 0) return 'reader'
  if (counts.acknowledgingCount > 0) return 'acknowledgement'
  if (!isThirsty) return 'reader'
  const wait = requests.waitOf('ShareFetch', leaderId)
  const isAsked = wait?.isUnderWay === true && wait.lastError === undefined && failures === 0
  return isAsked && clock.now() - wait.since <= fetchMaxWaitMs ? 'messages' : 'broker'
}

/** By the key of the partition. */
function holdingsOf({ held, watch }: SharePartitionContext): ReadonlyMap<string, Holding> {
  const holdings = new Map<string, Holding>()
  const of = (key: string): Holding => {
    let holding = holdings.get(key)
    if (holding === undefined) holdings.set(key, (holding = nothing()))
    return holding
  }
  for (const records of held.all()) {
    if (records.heldCount === 0) continue
    const holding = of(records.partition.key)
    const acknowledging = records.concludedCount
    holding.acknowledging += acknowledging
    holding.open += records.heldCount - acknowledging
    holding.lockedUntil = Math.min(holding.lockedUntil, records.lockedUntil)
  }
  for (const { handled } of watch.work()) {
    const message = handled?.message
    if (!(message instanceof ShareMessage)) continue
    const holding = of(message.records.partition.key)
    holding.handled++
    if (message.isUndecided) holding.handledOpen++
  }
  return holdings
}

function nothing(): Holding {
  return { open: 0, acknowledging: 0, handled: 0, handledOpen: 0, lockedUntil: Infinity }
}
