/** State of a transaction at its coordinator. `Unknown` where a broker is newer than this client. */
export type TransactionState =
  | 'Empty'
  | 'Ongoing'
  | 'PrepareCommit'
  | 'PrepareAbort'
  | 'CompleteCommit'
  | 'CompleteAbort'
  | 'PrepareEpochFence'
  | 'Dead'
  | 'Unknown'

/** All states that can be asked for. */
export const transactionStates = [
  'Empty',
  'Ongoing',
  'PrepareCommit',
  'PrepareAbort',
  'CompleteCommit',
  'CompleteAbort',
  'PrepareEpochFence',
  'Dead',
] as const satisfies readonly TransactionState[]

/** A state as brokers write it. */
export function parseTransactionState(text: string): TransactionState {
  return transactionStates.find((state) => state === text) ?? 'Unknown'
}

/** `transactional id 'mover-1'`, for messages. */
export function describeTransactionalId({ transactionalId }: { readonly transactionalId: string }): string {
  return `transactional id '${transactionalId}'`
}
