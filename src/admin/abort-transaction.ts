import * as z from 'zod/mini'
import { ConnectionError, TimeoutError } from '../base/errors'
import type { TopicPartition } from '../base/topic-partition'
import { writeTxnMarkersApi } from '../wire/generated/client/write-txn-markers'
import { attempt, type AdminCall } from './admin-call'
import { parseArgument, partitionSchema, topicNameSchema } from './arguments'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { leaderCall } from './leader-shards'
import { outcomeOf } from './shards'

/** A transaction that hangs in one partition: open there, and its coordinator does not know of it. */
export interface HangingTransaction extends TopicPartition {
  readonly producerId: bigint
  readonly producerEpoch: number
  /** Null, or left out, where the partition has none: see `describeProducers`. */
  readonly coordinatorEpoch?: number | null
}

const schema = z.lazy(() =>
  z.strictObject({
    topic: topicNameSchema,
    partition: partitionSchema,
    producerId: z.bigint('must be a bigint, such as 5n').check(z.minimum(0n)),
    producerEpoch: z.int().check(z.minimum(0), z.maximum(32_767)),
    coordinatorEpoch: z.nullish(z.int().check(z.minimum(0), z.maximum(2_147_483_647))),
  }),
)

/**
 * Kafka: `Admin.abortTransaction` (KIP-664), API WriteTxnMarkers, to the leader of the partition. Not sent again once
 * a broker may have acted: the same producer may have begun another transaction since.
 */
export async function abortTransaction(
  call: AdminCall,
  transaction: HangingTransaction,
): Promise<ItemResult<TopicPartition, 'topic' | 'partition'>[]> {
  const item: HangingTransaction = parseArgument('abortTransaction', 'transaction', schema, transaction)
  const ofLeader = leaderCall<HangingTransaction, object>(call, {
    send: (nodeId) => send(call, nodeId, item),
  })
  const outcomes = await runItems<HangingTransaction, object>(call, [item], {
    ...ofLeader,
    giveUp: (each, error) => mayHaveActed(error) || (ofLeader.giveUp?.(each, error) ?? false),
  })
  return itemResults([item], outcomes, ({ topic, partition }) => ({ topic, partition }))
}

function mayHaveActed(error: unknown): boolean {
  return (error instanceof ConnectionError || error instanceof TimeoutError) && error.maybeWritten
}

async function send(
  call: AdminCall,
  nodeId: number,
  item: HangingTransaction,
): Promise<ReadonlyMap<HangingTransaction, Outcome<object>>> {
  const { topic, partition, producerId, producerEpoch, coordinatorEpoch } = item
  const response = await attempt(call, nodeId, writeTxnMarkersApi, {
    markers: [
      {
        producerId,
        producerEpoch,
        coordinatorEpoch: coordinatorEpoch ?? -1,
        transactionResult: false,
        topics: [{ name: topic, partitionIndexes: [partition] }],
      },
    ],
  })
  const answer = response.markers[0]?.topics[0]?.partitions[0]
  if (answer === undefined) return new Map()
  const context = { api: writeTxnMarkersApi.name, topic, partition, nodeId }
  return new Map([[item, outcomeOf(answer, 'The transaction was not aborted', context, () => ({}))]])
}
