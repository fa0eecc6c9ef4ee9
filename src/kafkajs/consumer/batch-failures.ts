import type { TopicPartition } from '../../index'
import { finalError, isRetriable, RetryPauses, type RetrySettings } from '../client/retry'
import { keyOf } from './offset-ledger'

interface Failure {
  /** Where it failed: behind it is progress, with which counting begins anew. */
  readonly offset: bigint
  readonly pauses: RetryPauses
  retryCount: number
}

/** What is to be done about a failure: try again after so many milliseconds, or crash. */
export type FailureReaction = { readonly pauseMs: number } | { readonly crash: Error }

/** What the coordinator says of a member when its group is divided anew. */
const rebalances: ReadonlySet<string | undefined> = new Set([
  'REBALANCE_IN_PROGRESS',
  'NOT_COORDINATOR_FOR_GROUP',
  'ILLEGAL_GENERATION',
  'UNKNOWN_MEMBER_ID',
])

/** Whether it is no failure, but news of a rebalance that a handler passed on. */
function isRebalance(error: unknown): boolean {
  return rebalances.has((error as { type?: string } | null | undefined)?.type)
}

/** Counts the failures of each partition, and decides when it is too many. */
export class BatchFailures {
  readonly #failures = new Map<string, Failure>()
  readonly #retry: RetrySettings

  constructor(retry: RetrySettings) {
    this.#retry = retry
  }

  /** @param offset what is to be tried again first */
  add(at: TopicPartition, offset: bigint, error: Error): FailureReaction {
    if (isRebalance(error)) return { pauseMs: new RetryPauses(this.#retry).take() }
    const failure = this.#failureAt(at, offset)
    const { pauses, retryCount } = failure
    if (!isRetriable(error) || retryCount >= this.#retry.retries) {
      return { crash: finalError(error, retryCount, pauses.next) }
    }
    failure.retryCount++
    return { pauseMs: pauses.take() }
  }

  /** The partition works, or is no longer this consumer's. */
  forget(at: TopicPartition): void {
    this.#failures.delete(keyOf(at))
  }

  #failureAt(at: TopicPartition, offset: bigint): Failure {
    const known = this.#failures.get(keyOf(at))
    if (known?.offset === offset) return known
    const failure = { offset, pauses: new RetryPauses(this.#retry), retryCount: 0 }
    this.#failures.set(keyOf(at), failure)
    return failure
  }
}
