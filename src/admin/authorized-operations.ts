/** What a client may be allowed to do with a resource. */
export type AclOperation =
  | 'read'
  | 'write'
  | 'create'
  | 'delete'
  | 'alter'
  | 'describe'
  | 'clusterAction'
  | 'describeConfigs'
  | 'alterConfigs'
  | 'idempotentWrite'
  | 'createTokens'
  | 'describeTokens'
  | 'twoPhaseCommit'

/** Index is Kafka's number of the operation, and its bit in the field that brokers answer. */
export const aclOperations: readonly (AclOperation | undefined)[] = [
  undefined,
  undefined,
  undefined,
  'read',
  'write',
  'create',
  'delete',
  'alter',
  'describe',
  'clusterAction',
  'describeConfigs',
  'alterConfigs',
  'idempotentWrite',
  'createTokens',
  'describeTokens',
  'twoPhaseCommit',
]

/** What brokers answer when they were not asked. */
const notRequested = -2_147_483_648

/** The operations of a broker's bit field; null when they were not asked for. */
export function authorizedOperations(bits: number): readonly AclOperation[] | null {
  if (bits === notRequested) return null
  return aclOperations.filter(
    (name, bit): name is AclOperation => name !== undefined && (bits & (1 << bit)) !== 0,
  )
}
