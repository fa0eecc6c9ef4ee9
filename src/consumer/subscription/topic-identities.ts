import { KafkaError } from '../../base/errors'
import { zeroUuid } from '../../wire/primitives/uuid'
import type { Cluster } from '../../cluster/cluster'
import { isUnknownTopic } from '../../cluster/metadata'
import type { PartitionState } from '../partition-state'
import type { SubscriptionState } from '../subscription-state'

export interface TopicIdentitiesOptions {
  readonly cluster: Cluster
  readonly subscription: SubscriptionState
  /** No group takes the partitions of deleted topics away: their reader has to be told. */
  readonly isManual: boolean
  /** The topic is another one of the same name: nothing that was known of the partition counts. */
  readonly onRecreated: (state: PartitionState) => void
  readonly onFailed: (error: KafkaError) => void
}

/**
 * Notices that a topic that is being read was deleted, or deleted and created anew, which its id tells (KIP-516). An
 * offset of the old one means nothing in the new one: to go on there would pass over messages, or wait for ever (L19).
 */
export class TopicIdentities {
  readonly #options: TopicIdentitiesOptions
  #ids = new Map<string, string>()
  #endUpdates: (() => void) | undefined

  constructor(options: TopicIdentitiesOptions) {
    this.#options = options
  }

  start(): void {
    this.#endUpdates ??= this.#options.cluster.metadata.onUpdate(() => this.#compare())
  }

  /** A position was found: it belongs to the topic that is known by now. */
  note({ topic }: PartitionState): void {
    const topicId = this.#options.cluster.metadata.topic(topic)?.topicId
    if (topicId !== undefined && !this.#ids.has(topic)) this.#ids.set(topic, topicId)
  }

  close(): void {
    this.#endUpdates?.()
  }

  #compare(): void {
    const { cluster, subscription } = this.#options
    const ids = new Map<string, string>()
    for (const name of subscription.topics()) {
      const before = this.#ids.get(name)
      const topicId = cluster.metadata.topic(name)?.topicId
      if (topicId === undefined) {
        if (before !== undefined && isUnknownTopic(cluster.metadata, name)) this.#handleDeleted(name)
        else if (before !== undefined) ids.set(name, before)
        continue
      }
      ids.set(name, topicId)
      if (before === undefined || before === topicId || topicId === zeroUuid) continue
      cluster.logger.warn(
        'A topic was deleted and created anew while it was read: the new one is read from its start',
        {
          topic: name,
        },
      )
      for (const state of subscription.ofTopic(name)) this.#handleRecreated(state)
    }
    this.#ids = ids
  }

  #handleDeleted(name: string): void {
    if (!this.#options.isManual) return
    const text = 'The topic was deleted while it was read; assign other topics to go on'
    for (const state of this.#options.subscription.ofTopic(name)) this.#fail(state, 'TOPIC_DELETED', text)
  }

  #handleRecreated(state: PartitionState): void {
    if (state.reader.endOffset === undefined) return this.#options.onRecreated(state)
    const text =
      'The topic was deleted and created anew before it was read to its end; assign it again to read the new one'
    // Who reads on all the same starts over.
    state.locate(undefined)
    this.#fail(state, 'TOPIC_RECREATED', text)
  }

  #fail(state: PartitionState, code: string, text: string): void {
    if (!state.isOwned || state.phase === 'failed') return
    const { topic, partition } = state
    const error = new KafkaError(code, text, { topic, partition })
    state.fail(error)
    this.#options.onFailed(error)
  }
}
