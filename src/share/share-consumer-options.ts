import * as z from 'zod/mini'
import { InvalidOptionError } from '../base/errors'
import { resolveOptions } from '../base/options'
import type { AnyTopic } from '../message/message'
import { type TopicInput, topicInput } from '../message/topic-input'
import type { AcknowledgementListener } from './acknowledgement-outcomes'
import { type ShareConsumerEventListeners, shareConsumerEventsOption } from './health/share-event-listeners'
import type { AcquireMode } from './share-settings'

/**
 * - `implicit`: a message is accepted when its handler comes back, or the loop asks for the next one
 * - `explicit`: each message is acknowledged by `message.acknowledge()`
 */
export type AcknowledgementMode = 'implicit' | 'explicit'

/** Options of `kafka.shareConsumer()`. The name in backticks is the Java client's, with its default where ours differs. */
export interface ShareConsumerOptions<Topics extends readonly TopicInput[] = readonly TopicInput[]> {
  /** `group.id`. */
  readonly groupId: string
  /** The topics whose messages the group shares. Those that do not exist yet are waited for. */
  readonly topics: Topics
  /** `share.acknowledgement.mode`. Default: `'implicit'`. */
  readonly acknowledgementMode?: AcknowledgementMode | undefined
  /**
   * `share.acquire.mode` (KIP-1206). With `'batch_optimized'` brokers hand out whole batches, which may be more than
   * `maxPollRecords`. With `'record_limit'` (Kafka 4.2) this member never holds more. Default: `'batch_optimized'`.
   */
  readonly acquireMode?: AcquireMode | undefined
  /**
   * `max.poll.records`. Messages that are acquired at a time, from each broker. Those that wait for a handler are
   * locked for others: make it small where handlers take long. Default: 500.
   */
  readonly maxPollRecords?: number | undefined
  /**
   * Renews the locks of messages at half their time for as long as they wait or are worked on, up to
   * `maxPollIntervalMs` (KIP-1222, Kafka 4.2). Without it a handler must be done within the group's
   * `share.record.lock.duration.ms`. Default: false.
   */
  readonly lockRenewal?: boolean | undefined
  /**
   * `max.poll.interval.ms`. A handler that takes longer makes the member leave the group, so that its partitions are
   * read by others; it joins again when the handler comes back. Default: 300,000.
   */
  readonly maxPollIntervalMs?: number | undefined
  /** `check.crcs`. Default: true. */
  readonly checkCrcs?: boolean | undefined
  /** `fetch.min.bytes`. A broker waits for so many, up to `fetchMaxWaitMs`. Default: 1. */
  readonly fetchMinBytes?: number | undefined
  /** `fetch.max.bytes`. Most bytes of one answer; a larger single batch still comes. Default: 52,428,800. */
  readonly fetchMaxBytes?: number | undefined
  /** `fetch.max.wait.ms`. `commit` waits for a fetch that is under way. Default: 500. */
  readonly fetchMaxWaitMs?: number | undefined
  /** Most bytes of fetched and decompressed records that wait in this consumer. Default: 67,108,864. */
  readonly fetchMemoryBytes?: number | undefined
  /** `client.rack`. */
  readonly clientRack?: string | undefined
  /**
   * What has not moved for so long is called stalled: in `health()`, in the log, in events. Longer than brokers need to
   * replace one that died, and above the time your handlers take. Nothing is restarted. Default: 30,000.
   */
  readonly stallTimeoutMs?: number | undefined
  /** `default.api.timeout.ms`. Bounds calls that take no time limit of their own. Default: 60,000. */
  readonly defaultApiTimeoutMs?: number | undefined
  /**
   * Told of each acknowledgement that was sent, whether the broker took it or not (`AcknowledgementCommitCallback`). It
   * is called at once and should return at once; an error in it is logged.
   */
  readonly onAcknowledged?: AcknowledgementListener | undefined
  /** Listeners for the events of this consumer, which `node:diagnostics_channel` has of all of them. Default: none. */
  readonly events?: ShareConsumerEventListeners | undefined
}

/** The options as the share consumer uses them: defaults applied, checked, frozen. */
export interface ResolvedShareConsumerOptions {
  readonly groupId: string
  readonly topics: readonly AnyTopic[]
  readonly acknowledgementMode: AcknowledgementMode
  readonly acquireMode: AcquireMode
  readonly maxPollRecords: number
  readonly lockRenewal: boolean
  readonly maxPollIntervalMs: number
  readonly checkCrcs: boolean
  readonly fetchMinBytes: number
  readonly fetchMaxBytes: number
  readonly fetchMaxWaitMs: number
  readonly fetchMemoryBytes: number
  readonly clientRack: string
  readonly stallTimeoutMs: number
  readonly defaultApiTimeoutMs: number
  readonly onAcknowledged: AcknowledgementListener | undefined
  readonly events: ShareConsumerEventListeners | undefined
}

/** The greatest delay a timer of Node takes. */
const maxInt = 0x7fffffff

const whole = (least: number) =>
  z
    .int('must be a whole number')
    .check(z.minimum(least, `must be ${least} or more`), z.maximum(maxInt, `must be ${maxInt} or less`))
const flag = z.boolean('must be true or false')

const schema = z.lazy(() =>
  z.strictObject({
    groupId: z.string('must be a string').check(z.minLength(1, 'must not be empty')),
    topics: z
      .array(topicInput, 'must be a list of topics')
      .check(z.minLength(1, 'must name at least one topic')),
    acknowledgementMode: z._default(
      z.enum(['implicit', 'explicit'], "must be 'implicit' or 'explicit'"),
      'implicit',
    ),
    acquireMode: z._default(
      z.enum(['batch_optimized', 'record_limit'], "must be 'batch_optimized' or 'record_limit'"),
      'batch_optimized',
    ),
    maxPollRecords: z._default(whole(1), 500),
    lockRenewal: z._default(flag, false),
    maxPollIntervalMs: z._default(whole(1), 300_000),
    checkCrcs: z._default(flag, true),
    fetchMinBytes: z._default(whole(0), 1),
    fetchMaxBytes: z._default(whole(1), 52_428_800),
    fetchMaxWaitMs: z._default(whole(0), 500),
    fetchMemoryBytes: z._default(whole(1_048_576), 67_108_864),
    clientRack: z._default(z.string('must be a string'), ''),
    stallTimeoutMs: z._default(whole(1), 30_000),
    defaultApiTimeoutMs: z._default(whole(1), 60_000),
    onAcknowledged: z.optional(
      z.custom<AcknowledgementListener>((value) => typeof value === 'function', 'must be a function'),
    ),
    events: z.optional(shareConsumerEventsOption),
  }),
)

const notShared = 'share groups have no positions of their members'
const noRebalances = 'partitions are shared, and nothing has to be given back before others have it'
const brokerSets = 'it is set for the whole group, by its config'

/** Options of `kafka.consumer()` that make no sense here, and why. */
const consumerOnly: Readonly<Record<string, string>> = {
  startFrom: `${brokerSets} share.auto.offset.reset`,
  isolationLevel: `${brokerSets} share.isolation.level`,
  sessionTimeoutMs: `${brokerSets} share.session.timeout.ms`,
  heartbeatIntervalMs: `${brokerSets} share.heartbeat.interval.ms`,
  autoCommit: `${notShared}; messages are acknowledged, by acknowledgementMode`,
  autoCommitIntervalMs: `${notShared}; messages are acknowledged, by acknowledgementMode`,
  assign: 'the group assigns; give topics',
  assignors: 'the broker assigns',
  groupRemoteAssignor: 'the broker assigns',
  groupProtocol: 'share groups have a protocol of their own',
  groupInstanceId: 'members of share groups are never static',
  rebalanceTimeoutMs: noRebalances,
  onPartitionsAssigned: noRebalances,
  onPartitionsRevoked: noRebalances,
  onPartitionsLost: noRebalances,
  maxPartitionFetchBytes: 'brokers limit by fetchMaxBytes and maxPollRecords',
  allowAutoTopicCreation: 'topics that do not exist are waited for',
}

const what = 'shareConsumer'

/** Applies the defaults and checks the options. Throws InvalidOptionError that lists all problems. */
export function resolveShareConsumerOptions(
  options: ShareConsumerOptions | undefined,
): ResolvedShareConsumerOptions {
  const given = Object.entries(options ?? {}).filter(([, value]) => value !== undefined)
  const foreign = given.filter(([name]) => Object.hasOwn(consumerOnly, name)).map(([name]) => name)
  const problems = foreign.map(
    (name) => `option '${name}' is not for members of share groups: ${consumerOnly[name]}`,
  )
  const own = Object.fromEntries(given.filter(([name]) => !foreign.includes(name)))
  const resolved = resolveOwn(own, problems)
  const names = resolved?.topics.map(({ name }) => name) ?? []
  const twice = names.filter((name, index) => names.indexOf(name) !== index)
  if (twice.length > 0) problems.push(`option 'topics' names ${twice.join(', ')} more than once`)
  if (resolved === undefined || problems.length > 0) {
    throw new InvalidOptionError(`Wrong options for ${what}`, problems)
  }
  return Object.freeze({ ...resolved, onAcknowledged: resolved.onAcknowledged, events: resolved.events })
}

function resolveOwn(own: unknown, problems: string[]) {
  try {
    return resolveOptions(schema, what, own)
  } catch (error) {
    if (!(error instanceof InvalidOptionError)) throw error
    problems.push(...error.problems)
    return undefined
  }
}
