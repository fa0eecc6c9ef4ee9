import type { RequestContext } from './api-handler'
import type { Principal } from './principal'

export type AclResource = 'Topic' | 'Group' | 'Cluster' | 'TransactionalId' | 'DelegationToken' | 'User'

export type AclOperation =
  | 'Read'
  | 'Write'
  | 'Create'
  | 'Delete'
  | 'Alter'
  | 'Describe'
  | 'ClusterAction'
  | 'DescribeConfigs'
  | 'AlterConfigs'
  | 'IdempotentWrite'
  | 'CreateTokens'
  | 'DescribeTokens'
  | 'TwoPhaseCommit'

/** Kafka's name of the cluster as a resource. */
export const clusterResource = 'kafka-cluster'

/** Who may do what; everything is allowed to everyone until an authorizer is asked for. */
export interface Authorizer {
  /** True when the caller may. For Cluster the name is `clusterResource`. */
  allows(context: RequestContext, operation: AclOperation, resource: AclResource, name: string): boolean
  /** Any resource of the type will do: IdempotentWrite's substitute, and JoinGroup's kin. */
  allowsAny(context: RequestContext, operation: AclOperation, resource: AclResource): boolean
  /** Bit field of KIP-430 for the operations the caller has on a resource. */
  authorizedOperations(context: RequestContext, resource: AclResource, name: string): number
}

/** One connection's authentication: what SaslHandshake and SaslAuthenticate talk to. */
export interface Authentication {
  /** Undefined until somebody is known; then requests are served. */
  readonly principal: Principal | undefined
  /** The mechanisms the listener offers; empty when it asks for none. */
  readonly mechanisms: readonly string[]
  /** @throws UNSUPPORTED_SASL_MECHANISM, ILLEGAL_SASL_STATE */
  handshake(mechanism: string): void
  /** One step. @throws SASL_AUTHENTICATION_FAILED with words, ILLEGAL_SASL_STATE */
  authenticate(bytes: Buffer): Promise<SaslStep>
  /** True when the session's lifetime is over: any request but authentication ends the connection (KIP-368). */
  readonly isExpired: boolean
}

export interface SaslStep {
  readonly bytes: Buffer
  /** Milliseconds until the client must authenticate again; 0 for never. */
  readonly sessionLifetimeMs: number
}

export type QuotaKind = 'produce' | 'fetch' | 'request' | 'controller'

/** Quotas by user and client id, as throttle times. */
export interface Quotas {
  /** Notes bytes (or mutations) and answers how long the client is to be held back, 0 for not at all. */
  record(context: RequestContext, kind: QuotaKind, amount: number): number
}
