import { KafkaError } from '../../base/errors'

/**
 * Where a transactional producer stands (the states of Java's TransactionManager):
 *
 *     uninitialized → initializing → ready ⇄ inTransaction → committing → ready
 *                                               │    │          ↓ refused
 *                                               │    └──→ abortableError → aborting → ready
 *                                               └──────────────────────────↗
 *     any of them → fatalError, from which only `close` leads on
 *
 * `committing` and `aborting` last until the coordinator has answered: when it did not, only the same end may be
 * asked for again.
 */
export type TransactionState =
  | 'uninitialized'
  | 'initializing'
  | 'ready'
  | 'inTransaction'
  | 'committing'
  | 'aborting'
  | 'abortableError'
  | 'fatalError'

const advice: Readonly<Record<TransactionState, string>> = {
  uninitialized: 'begin a transaction first',
  initializing: 'wait for the call that is under way',
  ready: 'begin a transaction first',
  inTransaction: 'commit or abort the open transaction first',
  committing: 'the outcome of the commit is not known: repeat the commit until it is',
  aborting: 'the abort is not confirmed: repeat the abort until it is',
  abortableError: 'abort the transaction, then begin again',
  fatalError: 'close this producer and make a new one',
}

/** What is said of a call that the state does not allow. */
export function illegalCall(call: string, state: TransactionState, cause?: KafkaError): KafkaError {
  const why = cause === undefined ? '' : ` because of: ${cause.message}`
  return new KafkaError(
    'INVALID_TXN_STATE',
    `${call} is not possible while the producer is in state '${state}'${why}; ${advice[state]}`,
    cause === undefined ? {} : { cause },
  )
}
