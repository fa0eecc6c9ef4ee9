import type { Partition } from '../contracts/partition'
import type { Topics } from '../contracts/topics'
import { zeroUuid } from '../../wire/primitives/uuid'
import type { FetchRequestPartition, FetchRequestTopic } from '../../wire/generated/broker/fetch'

/** The topic of a fetch, in the spelling the request's version has. */
export type TopicReference = Pick<FetchRequestTopic, 'topic' | 'topicId'>

/** What decides where a partition of a fetch stands in a session. */
export function fetchKey({ topic, topicId }: TopicReference, index: number): string {
  return `${topicId === zeroUuid ? topic : topicId}:${index}`
}

/** One partition that a client fetches: what it asked for last, and what it was last told. */
export class FetchPartition {
  readonly key: string
  /** Empty in requests that name topics by id. */
  readonly topic: string
  readonly topicId: string
  readonly index: number
  #asked: FetchRequestPartition
  /** What the client knows, so that a session's response can leave out what did not change. */
  toldHighWatermark = -1n
  toldLogStartOffset = -1n
  #partition: Partition | undefined
  #topicName: string

  constructor(topic: TopicReference, asked: FetchRequestPartition) {
    this.key = fetchKey(topic, asked.partition)
    this.topic = topic.topic
    this.topicId = topic.topicId
    this.index = asked.partition
    this.#asked = asked
    this.#topicName = topic.topic
  }

  get asked(): FetchRequestPartition {
    return this.#asked
  }

  ask(asked: FetchRequestPartition): void {
    this.#asked = asked
  }

  get isByTopicId(): boolean {
    return this.topicId !== zeroUuid
  }

  /** Undefined while no topic has this id. */
  nameIn(topics: Topics): string | undefined {
    if (!this.isByTopicId) return this.topic
    if (this.#partition?.isDeleted === false) return this.#topicName
    return topics.byId(this.topicId)?.name
  }

  /** The partition as it is now: a topic that was made again under its name is another one. */
  in(topics: Topics): Partition | undefined {
    if (this.#partition?.isDeleted === false) return this.#partition
    const topic = this.isByTopicId ? topics.byId(this.topicId) : topics.byName(this.topic)
    this.#partition = topic?.partitions[this.index]
    this.#topicName = topic?.name ?? ''
    return this.#partition
  }
}
