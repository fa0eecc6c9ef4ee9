import * as z from 'zod/mini'
import { listTransactionsApi } from '../wire/generated/client/list-transactions'
import { attempt, type AdminCall } from './admin-call'
import { askAllBrokers } from './all-brokers'
import { callOptionFields, type AdminCallOptions } from './call-options'
import type { ItemResult, Outcome } from './item-result'
import { brokerError } from './shards'
import { parseTransactionState, transactionStates, type TransactionState } from './transaction-types'

/** One transactional id of a listing. */
export interface TransactionListing {
  readonly transactionalId: string
  readonly producerId: bigint
  readonly state: TransactionState
}

/** The transactional ids one broker coordinates. */
export interface BrokerTransactions {
  readonly nodeId: number
  readonly transactions: readonly TransactionListing[]
}

export interface ListTransactionsOptions extends AdminCallOptions {
  /** Only transactions in these states. Default: all. */
  readonly states?: readonly Exclude<TransactionState, 'Unknown'>[]
  /** Only those of these producer ids. Default: all. */
  readonly producerIds?: readonly bigint[]
  /** Only those that have been open for longer than so many milliseconds; needs Kafka 3.8. Default: all. */
  readonly minDurationMs?: number
  /** Only ids that match this regular expression, as RE2/J reads it; needs Kafka 4.1. Default: all. */
  readonly transactionalIdPattern?: string
}

/** The options of `listTransactions` as they are checked. */
export const listTransactionsOptions = z.lazy(() =>
  z.strictObject({
    ...callOptionFields,
    states: z.optional(z.array(z.enum(transactionStates)).check(z.minLength(1))),
    producerIds: z.optional(z.array(z.bigint().check(z.minimum(0n))).check(z.minLength(1))),
    minDurationMs: z.optional(z.int().check(z.minimum(0))),
    transactionalIdPattern: z.optional(z.string().check(z.minLength(1))),
  }),
)

type Options = z.output<typeof listTransactionsOptions>
type Transactions = Pick<BrokerTransactions, 'transactions'>

const durationVersion = 1
const patternVersion = 2

/** Kafka: `Admin.listTransactions` (KIP-664), API ListTransactions, to each broker: every one tells those it coordinates. */
export function listTransactions(
  call: AdminCall,
  options: Options,
): Promise<ItemResult<BrokerTransactions, 'nodeId'>[]> {
  return askAllBrokers(call, (nodeId) => send(call, nodeId, options))
}

/** One list of all brokers' transactional ids, by id. */
export function mergeTransactions(answers: readonly BrokerTransactions[]): TransactionListing[] {
  const all = new Map(
    answers.flatMap((answer) => answer.transactions).map((one) => [one.transactionalId, one]),
  )
  return [...all.values()].sort((a, b) => (a.transactionalId < b.transactionalId ? -1 : 1))
}

async function send(call: AdminCall, nodeId: number, options: Options): Promise<Outcome<Transactions>> {
  const { states = [], producerIds = [], minDurationMs, transactionalIdPattern } = options
  const body = {
    stateFilters: states,
    producerIdFilters: producerIds,
    ...(minDurationMs === undefined ? {} : { durationFilter: BigInt(minDurationMs) }),
    ...(transactionalIdPattern === undefined ? {} : { transactionalIdPattern }),
  }
  // A broker that does not know a filter would answer with everything.
  const filterVersion = minDurationMs === undefined ? 0 : durationVersion
  const minVersion = transactionalIdPattern === undefined ? filterVersion : patternVersion
  const response = await attempt(call, nodeId, listTransactionsApi, body, { minVersion })
  if (response.errorCode !== 0) {
    const context = { api: listTransactionsApi.name, nodeId }
    return { error: brokerError(response, 'Transactions could not be listed', context) }
  }
  const transactions = response.transactionStates.map(
    ({ transactionalId, producerId, transactionState }) => ({
      transactionalId,
      producerId,
      state: parseTransactionState(transactionState),
    }),
  )
  return { value: { transactions } }
}
