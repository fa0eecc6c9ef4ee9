import type { KafkaError } from '../../../../src/base/errors'
import type { TopicPartition } from '../../../../src/base/topic-partition'
import type { GroupFactory } from '../../../../src/consumer/group/group-factory'
import type {
  CommittedPartition,
  ConsumerGroupMetadata,
  GroupListener,
  GroupMembership,
  PartitionOffset,
  Subscription,
} from '../../../../src/consumer/group/group-membership'

/** A group in memory: the test says what is assigned and revoked, and sees what was committed. */
export class FakeGroup implements GroupMembership {
  readonly committed = new Map<string, PartitionOffset>()
  readonly commits: PartitionOffset[][] = []
  readonly events: string[] = []
  listener: GroupListener | undefined
  subscription: Subscription | undefined
  /** Errors of the next look-ups of committed offsets, and of the next commits. */
  readonly lookupErrors: KafkaError[] = []
  readonly commitErrors: KafkaError[] = []
  /** Called with what a commit holds, when it is made. */
  onCommit: ((offsets: readonly PartitionOffset[]) => void) | undefined
  lookups = 0
  suspensions = 0
  resumptions = 0
  readonly #owned = new Map<string, TopicPartition>()
  #isClosed = false

  readonly factory: GroupFactory = {
    membership: (_cluster, _options, listener) => {
      this.listener = listener
      return this
    },
    offsets: () => this,
  }

  readonly metadata: ConsumerGroupMetadata = {
    groupId: 'g',
    generationId: 1,
    memberId: 'm',
    groupInstanceId: null,
  }

  start(subscription: Subscription): void {
    this.subscription = subscription
  }
  subscribe(subscription: Subscription): void {
    this.subscription = subscription
  }
  enforceRebalance(): void {}
  suspend(): void {
    this.suspensions++
    const owned = [...this.#owned.values()]
    this.#owned.clear()
    if (owned.length > 0) void this.listener?.onLost(owned)
  }
  resume(): void {
    this.resumptions++
  }
  assignment(): readonly TopicPartition[] {
    return [...this.#owned.values()]
  }

  async assign(partitions: readonly TopicPartition[]): Promise<void> {
    for (const one of partitions) this.#owned.set(keyOf(one), one)
    await this.listener?.onAssigned(partitions)
  }

  async revoke(partitions: readonly TopicPartition[]): Promise<void> {
    this.events.push('revoking')
    await this.listener?.onRevoked(partitions)
    for (const one of partitions) this.#owned.delete(keyOf(one))
    this.events.push('revoked')
  }

  async lose(partitions: readonly TopicPartition[]): Promise<void> {
    for (const one of partitions) this.#owned.delete(keyOf(one))
    await this.listener?.onLost(partitions)
  }

  commit(offsets: readonly PartitionOffset[]): Promise<void> {
    const error = this.commitErrors.shift()
    if (error !== undefined) return Promise.reject(error)
    this.onCommit?.(offsets)
    this.commits.push([...offsets])
    this.events.push('commit')
    for (const one of offsets) this.committed.set(keyOf(one), one)
    return Promise.resolve()
  }

  fetchCommitted(partitions: readonly TopicPartition[]): Promise<readonly CommittedPartition[]> {
    this.lookups++
    const error = this.lookupErrors.shift()
    if (error !== undefined) return Promise.reject(error)
    return Promise.resolve(
      partitions.map(({ topic, partition }) => ({
        topic,
        partition,
        committed: this.committed.get(keyOf({ topic, partition })) ?? null,
      })),
    )
  }

  async close(): Promise<void> {
    if (this.#isClosed) return
    this.#isClosed = true
    if (this.#owned.size > 0) await this.revoke([...this.#owned.values()])
    this.events.push('left')
  }

  /** The committed offset of a partition. */
  offsetOf(topic: string, partition: number): bigint | undefined {
    return this.committed.get(keyOf({ topic, partition }))?.offset
  }

  setCommitted(topic: string, partition: number, offset: bigint): void {
    this.committed.set(keyOf({ topic, partition }), {
      topic,
      partition,
      offset,
      leaderEpoch: -1,
      metadata: '',
    })
  }
}

function keyOf({ topic, partition }: TopicPartition): string {
  return `${topic}-${partition}`
}
