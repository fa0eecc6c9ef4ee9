import { ErrorCode } from '../../../src/base/error-codes'

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

/** What becomes of each code in one place: by its name, else by whether it is retriable. */
export interface Endings<Ending extends string> {
  readonly otherwise: Ending
  readonly retriable: Ending
  readonly named?: { readonly [Each in Ending]?: readonly string[] }
}

/** What the table of a place says of a code. */
export function endingOf<Ending extends string>(name: string, endings: Endings<Ending>): Ending {
  const { otherwise, retriable, named = {} } = endings
  for (const [ending, names] of Object.entries<readonly string[] | undefined>(named)) {
    if (names?.includes(name)) return ending as Ending
  }
  return retriableInJava.has(name) ? retriable : otherwise
}

/** The whole table of one place, for a comparison at once. */
export function endingsByCode<Ending extends string>(
  endings: Endings<Ending>,
  codes: readonly NamedCode[] = allCodes,
): Record<string, Ending> {
  return Object.fromEntries(codes.map(({ name }) => [name, endingOf(name, endings)]))
}
