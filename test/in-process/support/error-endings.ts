import type { Endings } from './endings-table'

/**
 * How an error code may end, seen by the user of a producer:
 * - `succeeds`: it is asked again, or it is no failure; the user sees nothing of it
 * - `fails`: this call gets the error, and the next one works
 * - `abortable`: the transaction can't be committed; after an abort the next one works
 * - `fenced`: another producer has taken over, for good
 * - `fatal`: the producer can do nothing any more; a new one with the same transactional id can
 */
export type Ending = 'succeeds' | 'fails' | 'abortable' | 'fenced' | 'fatal'

type ProducerEndings = Endings<Ending>

/** The retriable ones succeed unless it is said otherwise. */
const again = { retriable: 'succeeds' } as const

/** T5: authorizations that a transaction does not need to be given up for good. */
const authorizations = ['TOPIC_AUTHORIZATION_FAILED', 'GROUP_AUTHORIZATION_FAILED']
/** T1. */
const fencing = ['PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH']

/** The places where a code can be said to a producer outside of transactions, and what it does there. */
export const plainEndings = {
  /** P4; P5, P6, R8, R9: the epoch is raised, or the id renewed, and all goes again. */
  idempotentProduce: {
    ...again,
    otherwise: 'fails',
    named: {
      succeeds: [
        'DUPLICATE_SEQUENCE_NUMBER',
        'OUT_OF_ORDER_SEQUENCE_NUMBER',
        'UNKNOWN_PRODUCER_ID',
        'INVALID_PRODUCER_EPOCH',
        'INVALID_PRODUCER_ID_MAPPING',
      ],
    },
  },
  /** Without sequences there is nothing to mend. */
  plainProduce: { ...again, otherwise: 'fails' },
  initProducerId: { ...again, otherwise: 'fails' },
  metadata: { ...again, otherwise: 'fails' },
  /** N2, KIP-1102: the brokers are looked up anew. */
  wholeMetadata: { ...again, otherwise: 'fails', named: { succeeds: ['REBOOTSTRAP_REQUIRED'] } },
} satisfies Record<string, ProducerEndings>

/** T9, X6: who has lost its place in the group, or what is wrong with the offsets. */
const offsetsEndings: ProducerEndings = {
  ...again,
  otherwise: 'fatal',
  named: {
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
  },
}

/** T5: what the transaction's coordinator refuses while a transaction goes on, and when it is to be committed. */
const coordinatorEndings: ProducerEndings = {
  ...again,
  otherwise: 'fatal',
  named: {
    abortable: [...authorizations, 'UNKNOWN_PRODUCER_ID', 'TRANSACTION_ABORTABLE', 'OPERATION_NOT_ATTEMPTED'],
    fenced: fencing,
  },
}

/** The same inside of transactions. */
export const transactionEndings = {
  /**
   * T1, T5, T7, KIP-588: an epoch that a batch is refused for does not tell who is fenced; the end does. P6: without a
   * word of where the log starts a batch of an unknown producer is sent again.
   */
  produce: {
    ...again,
    otherwise: 'abortable',
    named: {
      succeeds: ['DUPLICATE_SEQUENCE_NUMBER', 'UNKNOWN_PRODUCER_ID'],
      fenced: ['PRODUCER_FENCED'],
      fatal: [
        'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
        'CLUSTER_AUTHORIZATION_FAILED',
        'INVALID_PRODUCER_ID_MAPPING',
        'UNSUPPORTED_VERSION',
      ],
    },
  },
  /** T5: since 4.3 a missing permission to begin can be given and tried again. */
  initProducerId: {
    ...again,
    otherwise: 'fatal',
    named: {
      abortable: [
        ...authorizations,
        'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
        'CLUSTER_AUTHORIZATION_FAILED',
        'TRANSACTION_ABORTABLE',
        'OPERATION_NOT_ATTEMPTED',
      ],
      fenced: fencing,
    },
  },
  findCoordinator: {
    ...again,
    otherwise: 'fatal',
    named: {
      abortable: [...authorizations, 'TRANSACTION_ABORTABLE', 'OPERATION_NOT_ATTEMPTED'],
      fenced: fencing,
    },
  },
  addPartitions: coordinatorEndings,
  addOffsets: coordinatorEndings,
  txnOffsetCommit: offsetsEndings,
  /** The lookup of the group's coordinator is a part of it. */
  findGroupCoordinator: offsetsEndings,
  commit: coordinatorEndings,
  /** T5: there is nothing an abort could be turned into. */
  abort: { ...again, otherwise: 'fatal', named: { fenced: fencing } },
} satisfies Record<string, ProducerEndings>
