import * as z from 'zod/mini'
import { InvalidOptionError } from '../base/errors'
import { resolveOptions } from '../base/options'
import type { TopicPartition } from '../base/topic-partition'
import type { PartitionAssignor } from './assignors/partition-assignor'
import { rangeAssignor } from './assignors/range-assignor'
import { roundRobinAssignor } from './assignors/round-robin-assignor'
import { cooperativeStickyAssignor } from './assignors/sticky/cooperative-sticky-assignor'
import { stickyAssignor } from './assignors/sticky/sticky-assignor'
import type { AnyTopic } from '../message/message'
import type { SubscriptionInput } from '../message/topic-input'
import type { GroupProtocol } from './group/create-membership'
import { type ConsumerEventListeners, consumerEventsOption } from './events/consumer-event-listeners'
import { groupProtocolProblems } from './group-protocol-options'
import {
  type AssignmentInput,
  assignmentOption,
  assignmentProblems,
  type ReadUntil,
  type ResolvedAssignment,
  untilOption,
} from './manual/manual-assignment'
import type { OutOfRangePolicy } from './offsets/position-resets'
import { type StartFrom, startFromOption } from './start-from'
import { topicsOption } from './subscription/topic-selection'

/** `read_committed` shows nothing of open and aborted transactions. */
export type IsolationLevel = 'read_uncommitted' | 'read_committed'

/** The assignors that are built in, by their names on the wire. */
export type AssignorName = 'range' | 'roundrobin' | 'sticky' | 'cooperative-sticky'

/** The assignors that brokers bring with them for `groupProtocol: 'consumer'`, and others that they were given. */
export type RemoteAssignorName = 'uniform' | 'range' | (string & {})

/** Told of a change of the assignment; it is waited for, within the rebalance timeout. */
export type PartitionsListener = (partitions: readonly TopicPartition[]) => void | Promise<void>

/** Options of `kafka.consumer()`. The name in backticks is the Java client's, with its default where ours differs. */
export interface ConsumerOptions<
  Topics extends readonly SubscriptionInput[] = readonly SubscriptionInput[],
  Assigned extends readonly AssignmentInput[] = readonly AssignmentInput[],
> {
  /** `group.id`. Needed for `topics` and for commits; without it partitions are given by `assign`. */
  readonly groupId?: string | undefined
  /**
   * The topics whose partitions the group divides among its members: by definition, by name, or by a RegExp for all
   * topics whose names match it, also those that are created later. A definition counts for its topic, whatever
   * patterns match its name. Internal topics never match with the classic protocol.
   */
  readonly topics?: Topics | undefined
  /**
   * These topics or partitions and no others, without the group's assignment. An item is a topic by definition or by
   * name, for all its partitions, or says more: `{ topic, partition, startFrom, until }`.
   */
  readonly assign?: Assigned | undefined
  /**
   * `auto.offset.reset`. Where reading starts in a partition for which the group has committed nothing, and where it
   * goes on when the position has fallen out of the log. Default: `'latest'`; with `until`, `'earliest'`.
   */
  readonly startFrom?: StartFrom | undefined
  /**
   * Where reading ends by itself, for partitions given by `assign`: a loop or run ends when all of them are read to their
   * end and everything is finished. Default: it goes on.
   */
  readonly until?: ReadUntil | undefined
  /**
   * Where reading goes on when the position is not in the log any more. `'lastTimestamp'`: at the first message as old as
   * the last batch that was read, or newer, which loses less than an end of the log; `startFrom` counts before anything
   * was read. Default: `'startFrom'`.
   */
  readonly whenOutOfRange?: OutOfRangePolicy | undefined
  /** `group.instance.id` (KIP-345). A member that comes back under it within the session timeout keeps its partitions. */
  readonly groupInstanceId?: string | undefined
  /**
   * `group.protocol`. With `'consumer'` (KIP-848, Kafka 4.0) the broker assigns, and a member that comes or goes stops
   * only what moves. `assignors`, `sessionTimeoutMs` and `heartbeatIntervalMs` are the broker's then. Where brokers do not
   * serve it, a warning is logged and the classic protocol used. Default: `'classic'`.
   */
  readonly groupProtocol?: GroupProtocol | undefined
  /** `group.remote.assignor`: how the broker assigns with `groupProtocol: 'consumer'`. Default: as the broker is set. */
  readonly groupRemoteAssignor?: RemoteAssignorName | undefined
  /** `session.timeout.ms`. Default: 45,000. */
  readonly sessionTimeoutMs?: number | undefined
  /** `heartbeat.interval.ms`; below the session timeout. Heartbeats never wait for handlers. Default: 3,000. */
  readonly heartbeatIntervalMs?: number | undefined
  /**
   * `max.poll.interval.ms`. A handler that takes longer loses its partitions: the member leaves the group, the
   * handler's `signal` fires, and the member joins again when the handler comes back. Default: 300,000.
   */
  readonly maxPollIntervalMs?: number | undefined
  /** How long a rebalance waits for handlers of partitions that move. Default: `maxPollIntervalMs`. */
  readonly rebalanceTimeoutMs?: number | undefined
  /**
   * How long handlers may go on when their partition is to be given up, before their `signal` fires and their messages are
   * left to the next owner. 0 tells them at once; the rebalance waits for them all the same, as `rebalanceTimeoutMs`
   * allows. Default: four fifths of `rebalanceTimeoutMs`, as long as handlers are waited for.
   */
  readonly revocationGraceMs?: number | undefined
  /**
   * `partition.assignment.strategy`, in Java range and cooperative-sticky. Names of built-in assignors or assignors of
   * your own, the preferred one first. With `cooperative-sticky` alone, partitions that stay are not interrupted by a
   * rebalance (KIP-429); Java members with their default list can join such a group. Beside members that know
   * only `range`, add it: then every rebalance stops all members. Default: `['cooperative-sticky']`.
   */
  readonly assignors?: readonly (AssignorName | PartitionAssignor)[] | undefined
  /** `enable.auto.commit`. Commits what is finished, never more. Default: true with a group. */
  readonly autoCommit?: boolean | undefined
  /** `auto.commit.interval.ms`. Default: 5,000. */
  readonly autoCommitIntervalMs?: number | undefined
  /** Commits also when so many messages were finished since the last commit. Default: by the interval alone. */
  readonly autoCommitMessages?: number | undefined
  /** `isolation.level`. Default: `'read_uncommitted'`. */
  readonly isolationLevel?: IsolationLevel | undefined
  /** `check.crcs`. Default: true. */
  readonly checkCrcs?: boolean | undefined
  /** `fetch.min.bytes`. A broker waits for so many, up to `fetchMaxWaitMs`. Default: 1. */
  readonly fetchMinBytes?: number | undefined
  /** `fetch.max.bytes`. Most bytes of one answer; a larger single batch still comes. Default: 52,428,800. */
  readonly fetchMaxBytes?: number | undefined
  /**
   * `fetch.max.wait.ms`. How long a broker waits for `fetchMinBytes`. One that has had nothing for a while is given up to
   * 5 s, unless `fetchMinBytes` is set: it answers at the first message all the same. Default: 500.
   */
  readonly fetchMaxWaitMs?: number | undefined
  /** `max.partition.fetch.bytes`. Most bytes of one partition in one answer; a larger batch still comes. Default: 1,048,576. */
  readonly maxPartitionFetchBytes?: number | undefined
  /** Most bytes of fetched and decompressed records that wait in this consumer. Default: 67,108,864. */
  readonly fetchMemoryBytes?: number | undefined
  /** `client.rack`. Lets brokers name a follower in the same rack to fetch from (KIP-392). */
  readonly clientRack?: string | undefined
  /** `allow.auto.create.topics`, in Java true. Default: false: a mistyped name fails instead of becoming a topic. */
  readonly allowAutoTopicCreation?: boolean | undefined
  /**
   * What has not moved for so long is called stalled: in `health()`, in the log, in events. Longer than brokers need to
   * replace one that died, and no longer than a request waits for its answer; above the time your handlers take.
   * Nothing is restarted. Default: 30,000.
   */
  readonly stallTimeoutMs?: number | undefined
  /** `default.api.timeout.ms`. Bounds calls that take no time limit of their own. Default: 60,000. */
  readonly defaultApiTimeoutMs?: number | undefined
  /** Partitions were added (`onPartitionsAssigned`). `seek` works in here, before anything is read. */
  readonly onPartitionsAssigned?: PartitionsListener | undefined
  /** Partitions are about to be given up (`onPartitionsRevoked`); what is finished has been committed. Commits still work. */
  readonly onPartitionsRevoked?: PartitionsListener | undefined
  /** Partitions are gone without notice (`onPartitionsLost`): no commit is possible, others may already work on them. */
  readonly onPartitionsLost?: PartitionsListener | undefined
  /** Listeners for the events of this consumer, which `node:diagnostics_channel` has of all of them. Default: none. */
  readonly events?: ConsumerEventListeners | undefined
}

/** The options as the consumer uses them: defaults applied, checked, frozen. */
export interface ResolvedConsumerOptions {
  readonly groupId: string | null
  readonly topics: readonly AnyTopic[]
  /** All patterns of `topics` in one; null for none. */
  readonly topicPattern: RegExp | null
  /** Null with a group's assignment. */
  readonly assign: readonly ResolvedAssignment[] | null
  readonly startFrom: StartFrom
  /** Null when reading goes on. */
  readonly until: ReadUntil | null
  readonly whenOutOfRange: OutOfRangePolicy
  readonly groupInstanceId: string | null
  readonly groupProtocol: GroupProtocol
  readonly groupRemoteAssignor: RemoteAssignorName | null
  readonly sessionTimeoutMs: number
  readonly heartbeatIntervalMs: number
  readonly maxPollIntervalMs: number
  readonly rebalanceTimeoutMs: number
  /** Null for as long as handlers are waited for. */
  readonly revocationGraceMs: number | null
  readonly assignors: readonly PartitionAssignor[]
  readonly autoCommit: boolean
  readonly autoCommitIntervalMs: number
  /** Infinity for no number. */
  readonly autoCommitMessages: number
  readonly isolationLevel: IsolationLevel
  readonly checkCrcs: boolean
  readonly fetchMinBytes: number
  readonly fetchMaxBytes: number
  readonly fetchMaxWaitMs: number
  readonly maxPartitionFetchBytes: number
  readonly fetchMemoryBytes: number
  readonly clientRack: string
  readonly allowAutoTopicCreation: boolean
  readonly stallTimeoutMs: number
  readonly defaultApiTimeoutMs: number
  readonly onPartitionsAssigned: PartitionsListener | undefined
  readonly onPartitionsRevoked: PartitionsListener | undefined
  readonly onPartitionsLost: PartitionsListener | undefined
  readonly events: ConsumerEventListeners | undefined
}

const builtInAssignors: Readonly<Record<AssignorName, () => PartitionAssignor>> = {
  range: rangeAssignor,
  roundrobin: roundRobinAssignor,
  sticky: stickyAssignor,
  'cooperative-sticky': cooperativeStickyAssignor,
}
const assignorNames = Object.keys(builtInAssignors) as [AssignorName, ...AssignorName[]]

/** The greatest delay a timer of Node takes. */
const maxInt = 0x7fffffff

const whole = (least: number) =>
  z
    .int('must be a whole number')
    .check(z.minimum(least, `must be ${least} or more`), z.maximum(maxInt, `must be ${maxInt} or less`))
const flag = z.boolean('must be true or false')
const name = z.string('must be a string').check(z.minLength(1, 'must not be empty'))
const listener = z.optional(
  z.custom<PartitionsListener>((value) => typeof value === 'function', 'must be a function'),
)

const assignor = z.lazy(() =>
  z.union(
    [
      z.pipe(
        z.enum(assignorNames),
        z.transform((known) => builtInAssignors[known]()),
      ),
      z.custom<PartitionAssignor>(
        (value) =>
          typeof value === 'object' &&
          value !== null &&
          'name' in value &&
          'assign' in value &&
          typeof value.assign === 'function' &&
          'supportedProtocols' in value,
      ),
    ],
    `must be one of ${assignorNames.join(', ')}, or a PartitionAssignor`,
  ),
)

const schema = z.lazy(() =>
  z.strictObject({
    groupId: z.optional(name),
    topics: z.optional(topicsOption),
    assign: z.optional(
      z.array(assignmentOption, 'must be a list of topics, or of { topic, partition, startFrom, until }'),
    ),
    startFrom: z.optional(startFromOption),
    until: z.optional(untilOption),
    whenOutOfRange: z._default(
      z.enum(['startFrom', 'lastTimestamp'], "must be 'startFrom' or 'lastTimestamp'"),
      'startFrom',
    ),
    groupInstanceId: z.optional(name),
    groupProtocol: z._default(z.enum(['classic', 'consumer'], "must be 'classic' or 'consumer'"), 'classic'),
    groupRemoteAssignor: z.optional(name),
    sessionTimeoutMs: z._default(whole(1), 45_000),
    heartbeatIntervalMs: z._default(whole(1), 3_000),
    maxPollIntervalMs: z._default(whole(1), 300_000),
    rebalanceTimeoutMs: z.optional(whole(1)),
    revocationGraceMs: z.optional(whole(0)),
    assignors: z._default(
      z.array(assignor, 'must be a list').check(z.minLength(1, 'must name at least one assignor')),
      () => [cooperativeStickyAssignor()],
    ),
    autoCommit: z.optional(flag),
    autoCommitIntervalMs: z._default(whole(0), 5_000),
    autoCommitMessages: z.optional(whole(1)),
    isolationLevel: z._default(
      z.enum(['read_uncommitted', 'read_committed'], "must be 'read_uncommitted' or 'read_committed'"),
      'read_uncommitted',
    ),
    checkCrcs: z._default(flag, true),
    fetchMinBytes: z._default(whole(0), 1),
    fetchMaxBytes: z._default(whole(1), 52_428_800),
    fetchMaxWaitMs: z._default(whole(0), 500),
    maxPartitionFetchBytes: z._default(whole(1), 1_048_576),
    fetchMemoryBytes: z._default(whole(1_048_576), 67_108_864),
    clientRack: z._default(z.string('must be a string'), ''),
    allowAutoTopicCreation: z._default(flag, false),
    stallTimeoutMs: z._default(whole(1), 30_000),
    defaultApiTimeoutMs: z._default(whole(1), 60_000),
    onPartitionsAssigned: listener,
    onPartitionsRevoked: listener,
    onPartitionsLost: listener,
    events: z.optional(consumerEventsOption),
  }),
)

const what = 'consumer'

/** Applies the defaults and checks the rules between options. Throws InvalidOptionError that lists all problems. */
export function resolveConsumerOptions(options: ConsumerOptions | undefined): ResolvedConsumerOptions {
  const given = resolveOptions(schema, what, options)
  const resolved: ResolvedConsumerOptions = {
    ...given,
    groupId: given.groupId ?? null,
    topics: given.topics?.topics ?? [],
    topicPattern: given.topics?.pattern ?? null,
    assign: given.assign ?? null,
    startFrom: given.startFrom ?? (given.until === undefined ? 'latest' : 'earliest'),
    until: given.until ?? null,
    groupInstanceId: given.groupInstanceId ?? null,
    groupRemoteAssignor: given.groupRemoteAssignor ?? null,
    rebalanceTimeoutMs: given.rebalanceTimeoutMs ?? given.maxPollIntervalMs,
    revocationGraceMs: given.revocationGraceMs ?? null,
    autoCommit: given.autoCommit ?? given.groupId !== undefined,
    autoCommitMessages: given.autoCommitMessages ?? Infinity,
    onPartitionsAssigned: given.onPartitionsAssigned,
    onPartitionsRevoked: given.onPartitionsRevoked,
    onPartitionsLost: given.onPartitionsLost,
    events: given.events,
  }
  const problems = [...contradictions(resolved), ...groupProtocolProblems(options ?? {}, resolved)]
  if (problems.length > 0) throw new InvalidOptionError(`Wrong options for ${what}`, problems)
  return Object.freeze(resolved)
}

function contradictions(options: ResolvedConsumerOptions): string[] {
  const {
    groupId,
    topics,
    topicPattern,
    assign,
    until,
    groupInstanceId,
    autoCommit,
    sessionTimeoutMs,
    heartbeatIntervalMs,
  } = options
  const problems = assign === null ? [] : assignmentProblems(assign)
  const hasTopics = topics.length > 0 || topicPattern !== null
  if (assign === null && !hasTopics) {
    problems.push("one of the options 'topics' (with 'groupId') and 'assign' is needed")
  }
  if (assign === null && hasTopics && groupId === null) {
    problems.push("option 'topics' needs a 'groupId'; without a group give topics or partitions by 'assign'")
  }
  if (assign !== null && topicPattern !== null) {
    problems.push(
      "option 'topics' has a pattern, which only a group can follow; leave out 'assign', or the pattern",
    )
  }
  if (assign === null && until !== null) {
    problems.push("option 'until' needs 'assign': a group's topics are read without an end")
  }
  if (groupId === null && autoCommit) problems.push("option 'autoCommit' is true: commits need a 'groupId'")
  if (groupInstanceId !== null && (groupId === null || assign !== null)) {
    problems.push("option 'groupInstanceId' is for members of a group: it needs 'groupId' and 'topics'")
  }
  if (groupId !== null && assign === null && heartbeatIntervalMs >= sessionTimeoutMs) {
    problems.push(
      `option 'heartbeatIntervalMs' is ${heartbeatIntervalMs}: must be below 'sessionTimeoutMs', ${sessionTimeoutMs}`,
    )
  }
  return problems
}
