import { Deadline } from '../../base/deadline'
import type { TopicPartition } from '../../base/topic-partition'
import type { Cluster } from '../../cluster/cluster'
import { isUnknownTopic } from '../../cluster/metadata'
import { isSelected, type TopicSelection } from './topic-selection'

/** How long a first look at a subscribed topic may take. */
const firstLookMs = 5_000

interface FirstSight {
  readonly topicId: string
  readonly partitionCount: number
}

const notThere: FirstSight = { topicId: '', partitionCount: 0 }

/**
 * Remembers what the subscribed topics were like when the subscription began. Partitions that have come into being since
 * then hold nothing that is older than the subscription, so `startFrom: 'latest'` must not skip what they got before
 * they were assigned (G13).
 */
export class TopicHistory {
  readonly #cluster: Cluster
  readonly #first = new Map<string, FirstSight>()
  /** Topics that were not seen yet. */
  readonly #awaited = new Set<string>()
  /** The names of all topics when the subscription began; undefined without a pattern, and while they are not known. */
  #listed: ReadonlySet<string> | undefined
  #endUpdates: (() => void) | undefined
  #endListing: (() => void) | undefined
  #abort = new AbortController()

  constructor(cluster: Cluster) {
    this.#cluster = cluster
  }

  /** A subscription begins; topics that were in the one before keep their history. */
  begin(selection: TopicSelection): void {
    this.end()
    this.#abort = new AbortController()
    for (const topic of this.#first.keys()) if (!isSelected(selection, topic)) this.#first.delete(topic)
    for (const { name } of selection.topics) if (!this.#first.has(name)) this.#awaited.add(name)
    this.#see()
    if (this.#awaited.size > 0) {
      this.#endUpdates = this.#cluster.metadata.onUpdate(() => this.#see())
      for (const name of this.#awaited) void this.#look(name)
    }
    if (selection.pattern === null) return
    const endListing = () => {
      this.#endListing?.()
      this.#endListing = undefined
    }
    this.#endListing = this.#cluster.metadata.watchTopics((topics) => {
      this.#listed = new Set(topics.map(({ name }) => name))
      endListing()
    }, endListing)
  }

  /** True when the partition, or its topic, came into being after the subscription began. */
  isNew({ topic, partition }: TopicPartition): boolean {
    const now = this.#cluster.metadata.topic(topic)
    let first = this.#first.get(topic)
    if (first === undefined && this.#listed?.has(topic) === false) first = notThere
    else if (first === undefined && now !== undefined) {
      first = { topicId: now.topicId, partitionCount: now.partitions.length }
    }
    if (first === undefined) return false
    this.#first.set(topic, first)
    const isAnother = now !== undefined && now.topicId !== first.topicId
    return partition >= first.partitionCount || isAnother
  }

  #see(): void {
    for (const name of this.#awaited) {
      const topic = this.#cluster.metadata.topic(name)
      if (topic !== undefined) {
        this.#note(name, { topicId: topic.topicId, partitionCount: topic.partitions.length })
        // Nothing else says that it did not exist when it is seen later.
      } else if (isUnknownTopic(this.#cluster.metadata, name)) this.#note(name, notThere)
    }
  }

  #note(name: string, first: FirstSight): void {
    if (!this.#awaited.delete(name)) return
    this.#first.set(name, first)
    if (this.#awaited.size > 0) return
    this.#endUpdates?.()
    this.#endUpdates = undefined
  }

  /** A member that leads nothing and owns nothing would otherwise hear of its topics only when they have changed. */
  async #look(name: string): Promise<void> {
    const { clock, metadata } = this.#cluster
    const deadline = new Deadline(clock, `the first look at topic ${name}`, firstLookMs, this.#abort.signal)
    try {
      await metadata.requireTopics([name], deadline, { allowAutoTopicCreation: false })
    } catch {
      if (isUnknownTopic(metadata, name)) this.#note(name, notThere)
    }
  }

  end(): void {
    this.#abort.abort()
    this.#awaited.clear()
    this.#listed = undefined
    this.#endUpdates?.()
    this.#endListing?.()
    this.#endUpdates = this.#endListing = undefined
  }
}
