/** Where a transactional id stands, in Kafka's spelling. `Dead` and `PrepareEpochFence` pass too fast to be seen. */
export const transactionStates = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'Dead',
  'PrepareEpochFence',
] as const

export type TransactionState = (typeof transactionStates)[number]

/** True for a name that ListTransactions may be asked for. */
export function isTransactionState(name: string): name is TransactionState {
  return (transactionStates as readonly string[]).includes(name)
}

/**
 * Which protocol ends a transaction: 1 leaves the epoch as it is, 2 (KIP-890) bumps it at every end. Decided by the
 * version of the request, and by the finalized `transaction.version` when the coordinator itself ends it.
 */
export type TransactionProtocol = 1 | 2
