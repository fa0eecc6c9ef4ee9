import type { Partition } from '../../contracts/partition'
import type { Services } from '../../contracts/services'
import { SharePartition } from './share-partition'

/**
 * What all share groups did with all partitions: Kafka's `__share_group_state`. A partition has a state once its group
 * subscribed to its topic; it is served by whoever leads the partition.
 */
export class ShareStates {
  readonly #services: Services
  readonly #states = new Map<string, Map<string, SharePartition[]>>()
  readonly #listeners = new Set<() => void>()
  #isWatching = false

  constructor(services: Services) {
    this.#services = services
  }

  /** Ids of the topics of a group that have states, with how many of their partitions. */
  initialized(groupId: string): Map<string, number> {
    const topics = this.#states.get(groupId) ?? new Map<string, SharePartition[]>()
    return new Map([...topics].map(([topicId, partitions]) => [topicId, partitions.length]))
  }

  /** Makes states for the first `count` partitions of a topic, where there are none. */
  initialize(groupId: string, topicId: string, count: number): void {
    this.#watchTopics()
    let topics = this.#states.get(groupId)
    if (topics === undefined) this.#states.set(groupId, (topics = new Map()))
    const partitions = topics.get(topicId) ?? []
    while (partitions.length < count) partitions.push(this.#newState(groupId, topicId, partitions.length))
    topics.set(topicId, partitions)
    this.#wake()
  }

  get(groupId: string, topicId: string, partition: number): SharePartition | undefined {
    return this.#states.get(groupId)?.get(topicId)?.[partition]
  }

  /** The state, made ready for the leader that serves it now; undefined before the group subscribed. */
  serve(groupId: string, partition: Partition): SharePartition | undefined {
    const state = this.get(groupId, partition.topicId, partition.index)
    state?.serveFrom(partition.leaderEpoch, partition.logStartOffset, () =>
      this.#resetOffset(groupId, partition),
    )
    return state
  }

  deleteTopic(groupId: string, topicId: string): void {
    for (const state of this.#states.get(groupId)?.get(topicId) ?? []) state.close()
    this.#states.get(groupId)?.delete(topicId)
  }

  deleteGroup(groupId: string): void {
    for (const topicId of [...(this.#states.get(groupId)?.keys() ?? [])]) this.deleteTopic(groupId, topicId)
    this.#states.delete(groupId)
  }

  /** Calls back when records of any partition may have become available. */
  watch(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  #wake(): void {
    for (const listener of [...this.#listeners]) listener()
  }

  #newState(groupId: string, topicId: string, index: number): SharePartition {
    const { configs, runtime, topics } = this.#services
    const config = () => ({
      lockDurationMs: configs.groupNumber(groupId, 'share.record.lock.duration.ms'),
      maxDeliveryCount: configs.groupNumber(groupId, 'share.delivery.count.limit'),
      maxRecordLocks: configs.groupNumber(groupId, 'share.partition.max.record.locks'),
      mayRenew: configs.group(groupId, 'share.renew.acknowledge.enable') === 'true',
    })
    const currentEpoch = () => topics.byId(topicId)?.partitions[index]?.leaderEpoch ?? -1
    return new SharePartition(runtime.clock, { config, currentEpoch, onAvailable: () => this.#wake() })
  }

  /** Where a group begins to read a partition: `share.auto.offset.reset`. */
  #resetOffset(groupId: string, partition: Partition): bigint {
    const reset = this.#services.configs.group(groupId, 'share.auto.offset.reset')
    if (reset === 'earliest') return partition.logStartOffset
    if (!reset.startsWith('by_duration:')) return partition.highWatermark
    const since = this.#services.runtime.clock.wallTime() - durationMs(reset.slice('by_duration:'.length))
    const found = partition.leaderLog.offsetForTimestamp(since, partition.highWatermark)
    return found?.offset ?? partition.highWatermark
  }

  #watchTopics(): void {
    if (this.#isWatching) return
    this.#isWatching = true
    this.#services.topics.watch(({ kind, topic }) => {
      if (kind !== 'deleted') return
      for (const groupId of this.#states.keys()) this.deleteTopic(groupId, topic.id)
      this.#wake()
    })
  }
}

/** Milliseconds of an ISO 8601 duration of days and less, such as `P1DT2H`; checked when it was set. */
function durationMs(text: string): number {
  const found = /^P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+(?:\.\d+)?)S)?)?$/i.exec(text)
  const [days = 0, hours = 0, minutes = 0, seconds = 0] = (found?.slice(1) ?? []).map((part) =>
    Number(part ?? 0),
  )
  return (((days * 24 + hours) * 60 + minutes) * 60 + seconds) * 1000
}
