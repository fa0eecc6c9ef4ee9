import type { Deadline } from '../../../../src/base/deadline'
import { BrokerError } from '../../../../src/base/errors'
import type { BrokerMetadata, Metadata, TopicMetadata } from '../../../../src/cluster/metadata'

/** Metadata that says what a test sets; lookups are answered at once, or wait until the topic is set. */
export class FakeMetadata implements Metadata {
  readonly clusterId = 'fake'
  readonly controllerId = 1
  readonly refreshReasons: string[] = []
  readonly learntLeaders: { topic: string; partition: number; leaderId: number; leaderEpoch: number }[] = []
  readonly #topics = new Map<string, TopicMetadata>()
  readonly #listeners = new Set<() => void>()
  /** Lookups don't end, not even with their deadline. */
  lookupsHang = false
  /** No broker has said anything of topics that are not set. */
  isSilent = false
  /** Called when someone asks for a refresh. */
  onRefreshRequested: () => void = () => {}

  /** @param leaders by partition; -1 for none */
  setTopic(
    name: string,
    leaders: readonly number[],
    { leaderEpoch = 1, topicId = `id-of-${name}` } = {},
  ): void {
    this.#topics.set(name, {
      name,
      topicId,
      isInternal: false,
      partitions: leaders.map((leaderId, partition) => ({
        partition,
        leaderId,
        leaderEpoch,
        replicas: [1, 2, 3],
        isr: [1, 2, 3],
        offlineReplicas: [],
        errorCode: 0,
      })),
    })
    for (const listener of [...this.#listeners]) listener()
  }

  get listenerCount(): number {
    return this.#listeners.size
  }

  brokers(): readonly BrokerMetadata[] {
    return [1, 2, 3].map((nodeId) => ({ nodeId, host: 'localhost', port: 9090 + nodeId, rack: null }))
  }

  topic(name: string): TopicMetadata | undefined {
    return this.#topics.get(name)
  }

  topicName(topicId: string): string | undefined {
    return [...this.#topics.values()].find((topic) => topic.topicId === topicId)?.name
  }

  partition(topic: string, partition: number): TopicMetadata['partitions'][number] | undefined {
    return this.#topics.get(topic)?.partitions[partition]
  }

  topicFailure(name: string): BrokerError | undefined {
    if (this.#topics.has(name) || this.isSilent) return undefined
    return new BrokerError(3, 'Metadata', { topic: name })
  }

  async requireTopics(names: readonly string[], deadline: Deadline): Promise<void> {
    if (this.lookupsHang) return new Promise(() => {})
    const isComplete = () => names.every((name) => this.#topics.has(name))
    if (isComplete()) return
    let wake: () => void = () => {}
    const complete = new Promise<void>((resolve) => {
      wake = () => isComplete() && resolve()
      this.#listeners.add(wake)
    })
    try {
      await deadline.race(complete, () => new BrokerError(3, 'Metadata', { topic: names[0] as string }))
    } finally {
      this.#listeners.delete(wake)
    }
  }

  requestRefresh(reason: string): void {
    this.refreshReasons.push(reason)
    this.onRefreshRequested()
  }

  async refresh(): Promise<void> {}

  async listTopics(): Promise<readonly TopicMetadata[]> {
    return [...this.#topics.values()]
  }

  watchTopics(): () => void {
    return () => {}
  }

  updateLeader(topic: string, partition: number, leaderId: number, leaderEpoch: number): void {
    this.learntLeaders.push({ topic, partition, leaderId, leaderEpoch })
    const known = this.#topics.get(topic)
    if (known === undefined) return
    const partitions = known.partitions.map((one) =>
      one.partition === partition && leaderEpoch > one.leaderEpoch ? { ...one, leaderId, leaderEpoch } : one,
    )
    this.#topics.set(topic, { ...known, partitions })
    for (const listener of [...this.#listeners]) listener()
  }

  onUpdate(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
}
