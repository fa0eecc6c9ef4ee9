import { ErrorCode } from '../../../src/base/error-codes'

/**
 * How an error code may end, seen by the user of a producer:
 * - `succeeds`: it is asked again, or it is no failure; the user sees nothing of it
 * - `fails`: this call gets the error, and the next one works
 * - `abortable`: the transaction can't be committed; after an abort the next one works
 * - `fenced`: another producer has taken over, for good
 * - `fatal`: the producer can do nothing any more; a new one with the same transactional id can
 */
export type Ending = 'succeeds' | 'fails' | 'abortable' | 'fenced' | 'fatal'

/** A code, by Kafka's name of it. */
export interface NamedCode {
  readonly name: string
  readonly code: number
}

/** All of Kafka's error codes, and one that no Kafka has yet. */
export const allCodes: readonly NamedCode[] = [
  ...Object.entries(ErrorCode)
    .filter(([name]) => name !== 'NONE')
    .map(([name, code]) => ({ name, code })),
  { name: 'UNKNOWN_CODE_9999', code: 9999 },
]

/** The codes whose exception is a RetriableException in Java's client, as its class `Errors` says. */
export const retriableInJava: ReadonlySet<string> = new Set([
  'CORRUPT_MESSAGE',
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'REQUEST_TIMED_OUT',
  'REPLICA_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
  'COORDINATOR_LOAD_IN_PROGRESS',
  'COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR',
  'NOT_ENOUGH_REPLICAS',
  'NOT_ENOUGH_REPLICAS_AFTER_APPEND',
  'NOT_CONTROLLER',
  'CONCURRENT_TRANSACTIONS',
  'KAFKA_STORAGE_ERROR',
  'FETCH_SESSION_ID_NOT_FOUND',
  'INVALID_FETCH_SESSION_EPOCH',
  'LISTENER_NOT_FOUND',
  'FENCED_LEADER_EPOCH',
  'UNKNOWN_LEADER_EPOCH',
  'OFFSET_NOT_AVAILABLE',
  'PREFERRED_LEADER_NOT_AVAILABLE',
  'ELIGIBLE_LEADERS_NOT_AVAILABLE',
  'ELECTION_NOT_NEEDED',
  'UNSTABLE_OFFSET_COMMIT',
  'THROTTLING_QUOTA_EXCEEDED',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
  'FETCH_SESSION_TOPIC_ID_ERROR',
  'SHARE_SESSION_NOT_FOUND',
  'INVALID_SHARE_SESSION_EPOCH',
  'SHARE_SESSION_LIMIT_REACHED',
])

/** What becomes of each code in one place: the retriable ones succeed unless it is said otherwise. */
export interface Endings {
  readonly otherwise: Ending
  readonly succeeds?: readonly string[]
  readonly fails?: readonly string[]
  readonly abortable?: readonly string[]
  readonly fenced?: readonly string[]
  readonly fatal?: readonly string[]
}

/** T5: authorizations that a transaction does not need to be given up for good. */
const authorizations = ['TOPIC_AUTHORIZATION_FAILED', 'GROUP_AUTHORIZATION_FAILED']
/** T1. */
const fencing = ['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH']

/** The places where a code can be said to a producer outside of transactions, and what it does there. */
export const plainEndings = {
  /** P4; P5, P6, R8, R9: the epoch is raised, or the id renewed, and all goes again. */
  idempotentProduce: {
    otherwise: 'fails',
    succeeds: [
      'DUPLICATE_SEQUENCE_NUMBER',
      'OUT_OF_ORDER_SEQUENCE_NUMBER',
      'UNKNOWN_PRODUCER_ID',
      'INVALID_PRODUCER_EPOCH',
      'INVALID_PRODUCER_ID_MAPPING',
    ],
  },
  /** Without sequences there is nothing to mend. */
  plainProduce: { otherwise: 'fails' },
  initProducerId: { otherwise: 'fails' },
  metadata: { otherwise: 'fails' },
  /** N2, KIP-1102: the brokers are looked up anew. */
  wholeMetadata: { otherwise: 'fails', succeeds: ['REBOOTSTRAP_REQUIRED'] },
} satisfies Record<string, Endings>

/** T9, X6: who has lost its place in the group, or what is wrong with the offsets. */
const offsetsEndings: Endings = {
  otherwise: 'fatal',
  abortable: [
    ...authorizations,
    'UNKNOWN_PRODUCER_ID',
    'TRANSACTION_ABORTABLE',
    'OPERATION_NOT_ATTEMPTED',
    'UNKNOWN_MEMBER_ID',
    'ILLEGAL_GENERATION',
    'STALE_MEMBER_EPOCH',
    'FENCED_MEMBER_EPOCH',
    'FENCED_INSTANCE_ID',
    'GROUP_ID_NOT_FOUND',
    'REBALANCE_IN_PROGRESS',
    'OFFSET_METADATA_TOO_LARGE',
    'INVALID_COMMIT_OFFSET_SIZE',
    'UNKNOWN_SERVER_ERROR',
  ],
  fenced: fencing,
}

/** The same inside of transactions. */
export const transactionEndings = {
  /**
   * T1, T5, T7, KIP-588: an epoch that a batch is refused for does not tell who is fenced; the end does. P6: without a
   * word of where the log starts a batch of an unknown producer is sent again.
   */
  produce: {
    otherwise: 'abortable',
    succeeds: ['DUPLICATE_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID'],
    fenced: ['PRODUCER_FENCED'],
    fatal: [
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
      'CLUSTER_AUTHORIZATION_FAILED',
      'INVALID_PRODUCER_ID_MAPPING',
      'UNSUPPORTED_VERSION',
    ],
  },
  /** T5: since 4.3 a missing permission to begin can be given and tried again. */
  initProducerId: {
    otherwise: 'fatal',
    abortable: [
      ...authorizations,
      'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
      'CLUSTER_AUTHORIZATION_FAILED',
      'TRANSACTION_ABORTABLE',
      'OPERATION_NOT_ATTEMPTED',
    ],
    fenced: fencing,
  },
  findCoordinator: {
    otherwise: 'fatal',
    abortable: [...authorizations, 'TRANSACTION_ABORTABLE', 'OPERATION_NOT_ATTEMPTED'],
    fenced: fencing,
  },
  addPartitions: {
    otherwise: 'fatal',
    abortable: [...authorizations, 'UNKNOWN_PRODUCER_ID', 'TRANSACTION_ABORTABLE', 'OPERATION_NOT_ATTEMPTED'],
    fenced: fencing,
  },
  addOffsets: {
    otherwise: 'fatal',
    abortable: [...authorizations, 'UNKNOWN_PRODUCER_ID', 'TRANSACTION_ABORTABLE', 'OPERATION_NOT_ATTEMPTED'],
    fenced: fencing,
  },
  txnOffsetCommit: offsetsEndings,
  /** The lookup of the group's coordinator is a part of it. */
  findGroupCoordinator: offsetsEndings,
  commit: {
    otherwise: 'fatal',
    abortable: [...authorizations, 'UNKNOWN_PRODUCER_ID', 'TRANSACTION_ABORTABLE', 'OPERATION_NOT_ATTEMPTED'],
    fenced: fencing,
  },
  /** T5: there is nothing an abort could be turned into. */
  abort: { otherwise: 'fatal', fenced: fencing },
} satisfies Record<string, Endings>

/** What the table says of a code. */
export function endingOf(name: string, endings: Endings): Ending {
  const { otherwise, ...named } = endings
  for (const [ending, names] of Object.entries(named)) if (names.includes(name)) return ending as Ending
  return retriableInJava.has(name) ? 'succeeds' : otherwise
}

/** The whole table of one place, for a comparison at once. */
export function endingsByCode(endings: Endings): Record<string, Ending> {
  return Object.fromEntries(allCodes.map(({ name }) => [name, endingOf(name, endings)]))
}
