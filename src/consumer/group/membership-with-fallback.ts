import type { Deadline } from '../../base/deadline'
import type { KafkaError } from '../../base/errors'
import type { TopicPartition } from '../../base/topic-partition'
import type {
  CloseMembershipOptions,
  CommittedPartition,
  ConsumerGroupMetadata,
  GroupListener,
  GroupMembership,
  PartitionOffset,
  Subscription,
} from './group-membership'

/** Makes a driver that tells the listener. */
export type CreateMembership = (listener: GroupListener) => GroupMembership

/**
 * A membership that goes over to another protocol for good when the brokers do not know the first one: they are older
 * than it, or were told not to serve it.
 */
export class MembershipWithFallback implements GroupMembership {
  readonly #listener: GroupListener
  readonly #createFallback: CreateMembership
  readonly #onFallback: () => void
  #current: GroupMembership
  #subscription: Subscription = { topics: [], pattern: null }
  #suspendedFor: string | undefined
  #isClosing = false

  /** @param onFallback called once, when the first one is given up */
  constructor(
    listener: GroupListener,
    createFirst: CreateMembership,
    createFallback: CreateMembership,
    onFallback: () => void,
  ) {
    this.#listener = listener
    this.#createFallback = createFallback
    this.#onFallback = onFallback
    this.#current = createFirst({
      onAssigned: (added) => listener.onAssigned(added),
      onRevoked: (revoked) => listener.onRevoked(revoked),
      onLost: (lost) => listener.onLost(lost),
      onSessionLost: (reason) => listener.onSessionLost?.(reason),
      onError: (error) => listener.onError(error),
      onFatal: (error) => this.#onFatal(error),
    })
  }

  get metadata(): ConsumerGroupMetadata {
    return this.#current.metadata
  }

  assignment(): readonly TopicPartition[] {
    return this.#current.assignment()
  }

  start(subscription: Subscription): void {
    this.#subscription = subscription
    this.#current.start(subscription)
  }

  subscribe(subscription: Subscription): void {
    this.#subscription = subscription
    this.#current.subscribe(subscription)
  }

  enforceRebalance(reason: string): void {
    this.#current.enforceRebalance(reason)
  }

  suspend(reason: string): void {
    this.#suspendedFor = reason
    this.#current.suspend(reason)
  }

  resume(): void {
    this.#suspendedFor = undefined
    this.#current.resume()
  }

  commit(offsets: readonly PartitionOffset[], deadline: Deadline): Promise<void> {
    return this.#current.commit(offsets, deadline)
  }

  fetchCommitted(
    partitions: readonly TopicPartition[],
    deadline: Deadline,
  ): Promise<readonly CommittedPartition[]> {
    return this.#current.fetchCommitted(partitions, deadline)
  }

  close(deadline: Deadline, options: CloseMembershipOptions): Promise<void> {
    this.#isClosing = true
    return this.#current.close(deadline, options)
  }

  #onFatal(error: KafkaError): void {
    if (error.code !== 'UNSUPPORTED_VERSION' || this.#isClosing) return this.#listener.onFatal(error)
    this.#onFallback()
    this.#current = this.#createFallback(this.#listener)
    this.#current.start(this.#subscription)
    if (this.#suspendedFor !== undefined) this.#current.suspend(this.#suspendedFor)
  }
}
