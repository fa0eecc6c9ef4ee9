import type { Transaction as CoreTransaction } from '../../index'
import { KafkaJSNonRetriableError } from '../errors/kafkajs-error'
import { translateError } from '../errors/translate-error'
import type { LocalMembers } from '../group/local-members'
import type { Offsets } from '../types/metadata'
import type { Sender, Transaction } from '../types/producer'

/**
 * What the user holds of an open transaction. Its methods are its own and may be replaced.
 * @param members who may commit offsets
 * @param onEnded called when it was committed or aborted
 */
export function createTransaction(
  transaction: CoreTransaction,
  { send, sendBatch }: Sender,
  members: LocalMembers,
  onEnded: () => void,
): Transaction {
  let state: 'open' | 'ending' | 'ended' = 'open'
  const whileOpen =
    <Args extends unknown[], Result>(call: (...args: Args) => Promise<Result>) =>
    async (...args: Args): Promise<Result> => {
      if (state === 'open') return await call(...args)
      throw new KafkaJSNonRetriableError('Cannot continue to use transaction once ended')
    }
  const end = (how: () => Promise<void>) =>
    whileOpen(async () => {
      state = 'ending'
      try {
        await translated(how)
        state = 'ended'
        onEnded()
      } finally {
        // One that could not be committed can still be aborted; with KafkaJS its producer could not be used any more.
        if (state === 'ending') state = 'open'
      }
    })
  return {
    send: whileOpen(send),
    sendBatch: whileOpen(sendBatch),
    sendOffsets: whileOpen(async ({ consumerGroupId, topics }) => {
      for (const [owner, offsets] of members.byOwner(consumerGroupId, offsetsOf({ topics }))) {
        await translated(() => transaction.sendOffsets(offsets, owner))
      }
    }),
    commit: end(() => transaction.commit()),
    abort: end(() => transaction.abort()),
    isActive: () => state === 'open',
  }
}

async function translated(call: () => Promise<void>): Promise<void> {
  try {
    await call()
  } catch (error) {
    throw translateError(error)
  }
}

function offsetsOf({ topics }: Offsets): { topic: string; partition: number; offset: bigint }[] {
  return topics.flatMap(({ topic, partitions }) =>
    partitions.map(({ partition, offset }) => ({ topic, partition, offset: BigInt(offset) })),
  )
}
