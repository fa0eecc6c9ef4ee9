import type { Message } from '../../message/message'
import type { MessageBatch } from '../../message/message-batch'

/** The messages of one transaction: of each partition that had some ready, those that follow on the last committed. */
export class TransactionBatch<M extends Message = Message> implements Iterable<M> {
  /** By partition; none of them is empty. */
  readonly batches: readonly MessageBatch<M>[]
  /** How many messages there are in all. */
  readonly length: number

  /** @internal */
  constructor(batches: readonly MessageBatch<M>[]) {
    this.batches = batches
    this.length = batches.reduce((sum, batch) => sum + batch.length, 0)
  }

  /** All messages, partition after partition, in the order of their logs. */
  get messages(): M[] {
    return this.batches.flatMap((batch) => batch.messages)
  }

  *[Symbol.iterator](): Generator<M, void, undefined> {
    for (const batch of this.batches) yield* batch
  }
}
