import type { Endings } from './endings-table'

/**
 * How an error code may end, seen by the user of a consumer. In none of them a message is lost, and none is read twice
 * but where it is said:
 * - `goes on`: it is asked again, or it is no failure; the user sees nothing of it
 * - `reads again`: the partitions were lost with what was not committed yet; the member joins again by itself, and that
 *   is delivered again
 * - `fails`: the run, or the call, ends with the error, and the next one goes on
 * - `ends`: the consumer is out of its group for good and says why; a new one goes on
 */
export type ConsumerEnding = 'goes on' | 'reads again' | 'fails' | 'ends'

/** G3: the coordinator knows another generation, or does not know the member. */
const lostPlace = ['ILLEGAL_GENERATION', 'STALE_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID']
const rebalance = 'REBALANCE_IN_PROGRESS'

/** The places where a code can be said to a consumer of a classic group, and what it does there. */
export const consumerEndings = {
  /** G14. */
  findCoordinator: { retriable: 'goes on', otherwise: 'ends' },
  /** G3: nothing was read yet, so that nothing is read again. */
  joinGroup: {
    retriable: 'goes on',
    otherwise: 'ends',
    named: { 'goes on': [...lostPlace, rebalance, 'MEMBER_ID_REQUIRED'] },
  },
  syncGroup: { retriable: 'goes on', otherwise: 'ends', named: { 'goes on': [...lostPlace, rebalance] } },
  heartbeat: {
    retriable: 'goes on',
    otherwise: 'ends',
    named: { 'goes on': [rebalance], 'reads again': lostPlace },
  },
  /** G15: leaving is a courtesy; a close ends all the same. */
  leaveGroup: { retriable: 'goes on', otherwise: 'goes on' },
  /** C3: never a position by default. */
  offsetFetch: { retriable: 'goes on', otherwise: 'fails' },
  listOffsets: { retriable: 'goes on', otherwise: 'fails' },
  /** C2: an error is not a truncation; the fetch that follows tells what is really wrong. */
  offsetForLeaderEpoch: { retriable: 'goes on', otherwise: 'goes on' },
  /** G9, C14: as the commits of the user's own. */
  commit: {
    retriable: 'goes on',
    otherwise: 'fails',
    named: { 'goes on': [rebalance], 'reads again': lostPlace, ends: ['FENCED_INSTANCE_ID'] },
  },
  /** C13: the next one covers it; only what needs somebody's hand is told. */
  autoCommit: {
    retriable: 'goes on',
    otherwise: 'goes on',
    named: {
      'reads again': lostPlace,
      fails: [
        'TOPIC_AUTHORIZATION_FAILED',
        'GROUP_AUTHORIZATION_FAILED',
        'CLUSTER_AUTHORIZATION_FAILED',
        'TRANSACTIONAL_ID_AUTHORIZATION_FAILED',
        'DELEGATION_TOKEN_AUTHORIZATION_FAILED',
        'SASL_AUTHENTICATION_FAILED',
        'UNSUPPORTED_SASL_MECHANISM',
        'ILLEGAL_SASL_STATE',
      ],
      ends: ['FENCED_INSTANCE_ID'],
    },
  },
  /** C1, C7. */
  fetchedPartition: {
    retriable: 'goes on',
    otherwise: 'fails',
    named: { 'goes on': ['OFFSET_OUT_OF_RANGE', 'UNKNOWN_SERVER_ERROR'], fails: ['CORRUPT_MESSAGE'] },
  },
  /** C10: an error of the whole answer is one of the session, which begins anew. */
  wholeFetch: { retriable: 'goes on', otherwise: 'goes on' },
  topicMetadata: { retriable: 'goes on', otherwise: 'fails' },
  /** N2, KIP-1102. */
  wholeMetadata: { retriable: 'goes on', otherwise: 'fails', named: { 'goes on': ['REBOOTSTRAP_REQUIRED'] } },
  /** N5: a broker that does not say what it can do is asked in vain, as with wrong addresses. */
  apiVersions: { retriable: 'goes on', otherwise: 'ends' },
} satisfies Record<string, Endings<ConsumerEnding>>

/** G11, K6: the coordinator knows another epoch, or does not know the member. */
const thrownOut = ['FENCED_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION']
const mayNotDescribe = ['TOPIC_AUTHORIZATION_FAILED']

/** The same for a consumer of the KIP-848 protocol. */
export const consumerProtocolEndings = {
  /** Brokers without the protocol are fallen back from; a missing permission is told, and asked for again. */
  join: {
    retriable: 'goes on',
    otherwise: 'ends',
    named: { 'goes on': [...thrownOut, rebalance, 'UNSUPPORTED_VERSION'], fails: mayNotDescribe },
  },
  heartbeat: {
    retriable: 'goes on',
    otherwise: 'ends',
    named: {
      'goes on': [rebalance],
      // The brokers were taken back to a release without the protocol: the classic one goes on.
      'reads again': [...thrownOut, 'GROUP_ID_NOT_FOUND', 'UNSUPPORTED_VERSION'],
      fails: mayNotDescribe,
    },
  },
  leave: { retriable: 'goes on', otherwise: 'goes on' },
  /** G9: an epoch that has passed is no failure: the next heartbeat brings another. */
  commit: {
    retriable: 'goes on',
    otherwise: 'fails',
    named: {
      'goes on': ['STALE_MEMBER_EPOCH', rebalance],
      'reads again': ['UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION'],
      ends: ['FENCED_INSTANCE_ID'],
    },
  },
  /** C3. */
  offsetFetch: {
    retriable: 'goes on',
    otherwise: 'fails',
    named: { 'goes on': ['STALE_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID'] },
  },
} satisfies Record<string, Endings<ConsumerEnding>>
