import { fail } from '../contracts/kafka-failure'
import { lastUsableEpoch, type TransactionFacts, type TransactionMetadata } from './transaction-metadata'
import type { ProducerIdAndEpoch } from '../contracts/transactions'

/** What EndTxn asks for. */
export interface EndRequest {
  readonly producer: ProducerIdAndEpoch
  readonly committed: boolean
}

/** `end`: there is something to end; `ended`: a repeated call, answered as the first was. */
export type EndDecision = 'end' | 'ended'

/**
 * The rules of EndTxn before KIP-890. The epoch stays the same for the next transaction, therefore a repeated end
 * can't be told from a needless one: both are answered with success.
 * @throws INVALID_PRODUCER_ID_MAPPING, PRODUCER_FENCED, CONCURRENT_TRANSACTIONS, INVALID_TXN_STATE
 */
export function decideEnd(transaction: TransactionMetadata, request: EndRequest): EndDecision {
  const { facts } = transaction
  if (facts.producerId !== request.producer.producerId) throw fail('INVALID_PRODUCER_ID_MAPPING')
  if (facts.producerEpoch !== request.producer.producerEpoch) throw fail('PRODUCER_FENCED')
  if (transaction.isEnding) throw fail('CONCURRENT_TRANSACTIONS')
  if (facts.state === 'Ongoing') return 'end'
  if (facts.state === (request.committed ? 'CompleteCommit' : 'CompleteAbort')) return 'ended'
  throw fail('INVALID_TXN_STATE')
}

/**
 * The rules of EndTxn with KIP-890. Each end bumps the epoch, so one below the current epoch says that this call was
 * made before, and the current epoch that it is the end of the next transaction: an abort of one that added nothing
 * is fine then, a commit is not.
 * @throws as `decideEnd`
 */
export function decideEndV2(transaction: TransactionMetadata, request: EndRequest): EndDecision {
  const { facts } = transaction
  const { producerId, producerEpoch } = request.producer
  // Nothing else is looked at while an end is under way: ids and epochs are about to change.
  if (transaction.isEnding) throw fail('CONCURRENT_TRANSACTIONS')
  const isRetryOnOverflow = isRetryOverOverflow(facts, request.producer)
  if (facts.producerId !== producerId && !isRetryOnOverflow) throw fail('INVALID_PRODUCER_ID_MAPPING')
  const isComplete = facts.state === 'CompleteCommit' || facts.state === 'CompleteAbort'
  const isBumped = facts.producerEpoch === producerEpoch + 1
  const isRetry = isBumped || isRetryOnOverflow
  if (facts.producerEpoch !== producerEpoch && !(isComplete && isRetry)) throw fail('PRODUCER_FENCED')
  if (facts.state === 'Ongoing') return 'end'
  if (isRetry) {
    if (facts.state === (request.committed ? 'CompleteCommit' : 'CompleteAbort')) return 'ended'
  } else if (!request.committed) return 'end'
  throw fail('INVALID_TXN_STATE')
}

/** The end before used up the last epoch of a producer id, and the caller did not learn of the new one. */
function isRetryOverOverflow(facts: TransactionFacts, producer: ProducerIdAndEpoch): boolean {
  return (
    facts.previousProducerId === producer.producerId &&
    producer.producerEpoch === lastUsableEpoch &&
    facts.producerEpoch === 0
  )
}
