import type { Topic } from '../serde/topic'
import type { AnyTopic, Message } from './message'

/** Consecutive messages of one partition, as `runBatches` hands them out. Never empty. */
export class MessageBatch<M extends Message = Message> implements Iterable<M> {
  readonly #definition: AnyTopic
  readonly partition: number
  readonly messages: readonly M[]
  /** End of the partition's log as of the last fetch; -1 when it is not known. */
  readonly highWatermark: bigint
  /**
   * Where reading goes on: behind the last message, and behind what follows it and is not handed out, such as markers of
   * transactions and aborted messages. The position to commit when all of the batch is done.
   */
  readonly endOffset: bigint

  /** @internal */
  constructor(
    definition: AnyTopic,
    partition: number,
    messages: readonly M[],
    { highWatermark, endOffset }: { readonly highWatermark: bigint; readonly endOffset: bigint },
  ) {
    this.#definition = definition
    this.partition = partition
    this.messages = messages
    this.highWatermark = highWatermark
    this.endOffset = endOffset
  }

  get topic(): string {
    return this.#definition.name
  }

  /** How many messages there are. */
  get length(): number {
    return this.messages.length
  }

  get firstOffset(): bigint {
    return (this.messages[0] as M).offset
  }

  get lastOffset(): bigint {
    return (this.messages[this.messages.length - 1] as M).offset
  }

  /** Tells batches of several topics apart, and gives the messages that topic's types. */
  isFrom<K, V>(topic: Topic<K, V, never, never>): this is MessageBatch<Message<K, V> & M> {
    return this.#definition.name === topic.name
  }

  [Symbol.iterator](): ArrayIterator<M> {
    return (this.messages as M[])[Symbol.iterator]()
  }
}
