import { formatTopicPartition, type TopicPartition } from '../base/topic-partition'
import { abortTransaction, type HangingTransaction } from './abort-transaction'
import { callOptionsSchema, type AdminCallOptions, type PartialResults } from './call-options'
import {
  describeProducers,
  describeProducersOptions,
  type DescribeProducersOptions,
  type PartitionProducers,
} from './describe-producers'
import { describeTransactions, type TransactionDescription } from './describe-transactions'
import { fenceProducers, type FencedProducer } from './fence-producers'
import { GroupAdmin } from './group-admin'
import { requireAll, type ItemResult } from './item-result'
import {
  listTransactions,
  listTransactionsOptions,
  mergeTransactions,
  type BrokerTransactions,
  type ListTransactionsOptions,
  type TransactionListing,
} from './list-transactions'
import { describeTransactionalId } from './transaction-types'

/** Transactions and the producers that make them. */
export abstract class TransactionAdmin extends GroupAdmin {
  /** The transactional ids of the cluster. With `partial`, one result per broker. */
  listTransactions(
    options: ListTransactionsOptions & PartialResults,
  ): Promise<ItemResult<BrokerTransactions, 'nodeId'>[]>
  listTransactions(options?: ListTransactionsOptions): Promise<TransactionListing[]>
  async listTransactions(
    options?: ListTransactionsOptions,
  ): Promise<ItemResult<BrokerTransactions, 'nodeId'>[] | TransactionListing[]> {
    return this.call('listTransactions', listTransactionsOptions, options, async (call, resolved) => {
      const results = await listTransactions(call, resolved)
      if (resolved.partial) return results
      return mergeTransactions(requireAll('listTransactions', results, ({ nodeId }) => `broker ${nodeId}`))
    })
  }

  /** Transactional ids with the state of their transactions. */
  describeTransactions(
    transactionalIds: readonly string[],
    options: AdminCallOptions & PartialResults,
  ): Promise<ItemResult<TransactionDescription, 'transactionalId'>[]>
  describeTransactions(
    transactionalIds: readonly string[],
    options?: AdminCallOptions,
  ): Promise<TransactionDescription[]>
  describeTransactions(transactionalIds: readonly string[], options?: AdminCallOptions) {
    return this.items('describeTransactions', callOptionsSchema, options, describeTransactionalId, (call) =>
      describeTransactions(call, transactionalIds),
    )
  }

  /** Aborts what producers of these transactional ids have open, and keeps them from writing on. */
  fenceProducers(
    transactionalIds: readonly string[],
    options: AdminCallOptions & PartialResults,
  ): Promise<ItemResult<FencedProducer, 'transactionalId'>[]>
  fenceProducers(transactionalIds: readonly string[], options?: AdminCallOptions): Promise<FencedProducer[]>
  fenceProducers(transactionalIds: readonly string[], options?: AdminCallOptions) {
    return this.items('fenceProducers', callOptionsSchema, options, describeTransactionalId, (call) =>
      fenceProducers(call, transactionalIds),
    )
  }

  /** The producers that have written to partitions of late, and their open transactions. */
  describeProducers(
    partitions: readonly TopicPartition[],
    options: DescribeProducersOptions & PartialResults,
  ): Promise<ItemResult<PartitionProducers, 'topic' | 'partition'>[]>
  describeProducers(
    partitions: readonly TopicPartition[],
    options?: DescribeProducersOptions,
  ): Promise<PartitionProducers[]>
  describeProducers(partitions: readonly TopicPartition[], options?: DescribeProducersOptions) {
    const what = 'describeProducers'
    return this.items(what, describeProducersOptions, options, formatTopicPartition, (call, resolved) =>
      describeProducers(call, partitions, resolved),
    )
  }

  /** Aborts a transaction that hangs in a partition because its coordinator no longer knows it. */
  async abortTransaction(transaction: HangingTransaction, options?: AdminCallOptions): Promise<void> {
    await this.call('abortTransaction', callOptionsSchema, options, async (call) => {
      const [result] = await abortTransaction(call, transaction)
      if (result?.error) throw result.error
    })
  }
}
