import { ErrorCode } from '../base/error-codes'
import { initProducerIdApi } from '../wire/generated/client/init-producer-id'
import { attempt, requestTimeoutMs, type AdminCall } from './admin-call'
import { parseItems, transactionalIdSchema } from './arguments'
import { itemResults, type ItemResult, type Outcome } from './item-result'
import { codes, runItems } from './item-runner'
import { brokerError, coordinatorCall, coordinatorRetries } from './shards'

/** A transactional id whose producers were fenced. */
export interface FencedProducer {
  readonly transactionalId: string
  readonly producerId: bigint
  /** The epoch that no producer has. */
  readonly producerEpoch: number
}

type Fenced = Omit<FencedProducer, 'transactionalId'>

/** An open transaction is aborted first, and takes its time. */
const retried: ReadonlySet<number> = new Set([...coordinatorRetries, ...codes('CONCURRENT_TRANSACTIONS')])

/**
 * Kafka: `Admin.fenceProducers`, and `forceTerminateTransaction` (KIP-939) for one id; API InitProducerId, to the
 * coordinator of each id. What is open is aborted. Fencing twice does no harm: a lost answer is asked for again.
 */
export async function fenceProducers(
  call: AdminCall,
  transactionalIds: readonly string[],
): Promise<ItemResult<FencedProducer, 'transactionalId'>[]> {
  const items = parseItems(
    'fenceProducers',
    'transactionalIds',
    transactionalIdSchema,
    transactionalIds,
    (id) => `'${id}'`,
  )
  const ofCoordinator = coordinatorCall<string, Fenced>(
    call,
    (id) => id,
    (nodeId, [id = '']) => send(call, nodeId, id),
    (shard) => shard.map((id) => [id]),
    'transaction',
  )
  const outcomes = await runItems<string, Fenced>(call, items, { ...ofCoordinator, retried })
  return itemResults(items, outcomes, (transactionalId) => ({ transactionalId }))
}

async function send(
  call: AdminCall,
  nodeId: number,
  transactionalId: string,
): Promise<ReadonlyMap<string, Outcome<Fenced>>> {
  const response = await attempt(call, nodeId, initProducerIdApi, {
    transactionalId,
    // What the next transaction of the id would have; brokers refuse more than transaction.max.timeout.ms.
    transactionTimeoutMs: requestTimeoutMs(call),
  })
  const { errorCode, producerId, producerEpoch } = response
  if (errorCode === ErrorCode.NONE)
    return new Map([[transactionalId, { value: { producerId, producerEpoch } }]])
  const what = `Producers of transactional id '${transactionalId}' were not fenced`
  const error = brokerError(response, what, { api: initProducerIdApi.name, nodeId })
  return new Map([[transactionalId, { error }]])
}
