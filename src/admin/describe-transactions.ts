import type { TopicPartition } from '../base/topic-partition'
import {
  describeTransactionsApi,
  type DescribeTransactionsResponse,
} from '../wire/generated/client/describe-transactions'
import { attempt, type AdminCall } from './admin-call'
import { parseItems, transactionalIdSchema } from './arguments'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { runItems } from './item-runner'
import { coordinatorCall, outcomeOf } from './shards'
import { parseTransactionState, type TransactionState } from './transaction-types'

/** A transactional id and the transaction it is in. */
export interface TransactionDescription {
  readonly transactionalId: string
  readonly state: TransactionState
  readonly producerId: bigint
  readonly producerEpoch: number
  /** Milliseconds a transaction may stay open before the coordinator aborts it. */
  readonly transactionTimeoutMs: number
  /** Milliseconds since the epoch; null while none is open. */
  readonly transactionStartTime: number | null
  /** What the transaction has written to; empty once it has ended. */
  readonly partitions: readonly TopicPartition[]
  /** Node id of the broker that coordinates the transactional id. */
  readonly coordinator: number
}

type Description = Omit<TransactionDescription, 'transactionalId'>

/** Kafka: `Admin.describeTransactions` (KIP-664), API DescribeTransactions, to the coordinator of each id. */
export async function describeTransactions(
  call: AdminCall,
  transactionalIds: readonly string[],
): Promise<ItemResult<TransactionDescription, 'transactionalId'>[]> {
  const items = parseItems(
    'describeTransactions',
    'transactionalIds',
    transactionalIdSchema,
    transactionalIds,
    (id) => `'${id}'`,
  )
  const outcomes = await runItems<string, Description>(
    call,
    items,
    coordinatorCall(
      call,
      (id) => id,
      (nodeId, shard) => send(call, nodeId, shard),
      (shard) => [shard],
      'transaction',
    ),
  )
  return itemResults(items, outcomes, (transactionalId) => ({ transactionalId }))
}

async function send(
  call: AdminCall,
  nodeId: number,
  transactionalIds: readonly string[],
): Promise<ReadonlyMap<string, Outcome<Description>>> {
  const response = await attempt(call, nodeId, describeTransactionsApi, { transactionalIds })
  return new Map(
    response.transactionStates.map((answer) => {
      const what = `Transactional id '${answer.transactionalId}' could not be described`
      const context = { api: describeTransactionsApi.name, nodeId }
      return [answer.transactionalId, outcomeOf(answer, what, context, () => description(answer, nodeId))]
    }),
  )
}

function description(
  answer: DescribeTransactionsResponse['transactionStates'][number],
  coordinator: number,
): Description {
  const { producerId, producerEpoch, transactionTimeoutMs, transactionStartTimeMs, topics } = answer
  return {
    state: parseTransactionState(answer.transactionState),
    producerId,
    producerEpoch,
    transactionTimeoutMs,
    transactionStartTime: transactionStartTimeMs < 0n ? null : Number(transactionStartTimeMs),
    partitions: topics.flatMap(({ topic, partitions }) =>
      partitions.map((partition) => ({ topic, partition })),
    ),
    coordinator,
  }
}
