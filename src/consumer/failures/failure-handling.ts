import { backoffMs } from '../../base/backoff'
import type { Clock, Timer } from '../../base/clock'
import { InvalidArgumentError, KafkaError } from '../../base/errors'
import { handlerFailure } from '../../message/delivery-end'
import type { HandlerWatch } from '../../message/handler-watch'
import type { Message } from '../../message/message'
import type { PartitionState } from '../partition-state'
import { DeadLetter } from './dead-letter'
import type { GiveUp, ResolvedErrorPolicy } from './error-policy'
import type { FailedMessage } from './failed-message'
import type { FailureMonitor } from './failure-monitor'

/** One failure of a handler: `work` is what the delivery calls it by. */
export interface Failure<Work> extends FailedMessage {
  readonly work: Work
  readonly state: PartitionState
  /** How many messages the handler was given that are not finished. */
  readonly size: number
}

/** What the delivery does about a failure; also within `handle`. */
export interface FailureOutcomes<Work> {
  /** `takeDue` has work. */
  readonly onDue: () => void
  /** Several messages failed together: from now on they are handed out one by one, to find the one that does. */
  readonly onSplit: (work: Work) => void
  /** The message counts as finished. */
  readonly onGivenUp: (work: Work) => void
  /** The partition is gone, or its position was set anew, or the run ends: the message stays unfinished. */
  readonly onDropped: (work: Work) => void
  /** The run fails with this; the message stays unfinished. */
  readonly onStop: (work: Work, error: KafkaError) => void
}

export interface FailureHandlingOptions {
  readonly clock: Clock
  /** Gives a number in [0, 1). */
  readonly random: () => number
  readonly watch: HandlerWatch
  readonly monitor: FailureMonitor
  /** Being late, a step of the policy's came back: the group can be joined again. */
  readonly onRecovered: () => void
}

/** A failure with what fences its outcome. */
interface Waiting<Work> extends Failure<Work> {
  readonly positionToken: number
}

/**
 * What becomes of messages whose handler failed, by the policy of one run:
 *
 *     handle ─▶ backoff ─▶ due ─▶ the delivery calls the handler again
 *         └──▶ gives up ─▶ dead letter, or the user's own decision ─▶ given up, or the run stops
 *
 * During a backoff nothing runs: it holds neither a slot of `concurrency` nor up a revocation, and does not count for
 * `maxPollIntervalMs`. Giving up is work as the handler's is: a revocation waits for it.
 */
export class FailureHandling<Work, M extends Message> {
  readonly #policy: ResolvedErrorPolicy<M>
  readonly #options: FailureHandlingOptions
  readonly #outcomes: FailureOutcomes<Work>
  readonly #resting = new Map<Waiting<Work>, Timer>()
  #due: Waiting<Work>[] = []
  #givingUp = 0
  #isClosed = false

  constructor(
    policy: ResolvedErrorPolicy<M>,
    options: FailureHandlingOptions,
    outcomes: FailureOutcomes<Work>,
  ) {
    this.#policy = policy
    this.#options = options
    this.#outcomes = outcomes
  }

  /** True when nothing is being given up: the run can end. */
  get isIdle(): boolean {
    return this.#givingUp === 0
  }

  /** A handler failed, on a partition that is still owned. */
  handle(failure: Failure<Work>): void {
    const waiting = { ...failure, positionToken: failure.state.positionToken }
    if (this.#isClosed) {
      this.#options.monitor.abandoned(failure.state, failure.error, 'while the run was being ended')
      return this.#outcomes.onDropped(failure.work)
    }
    let isRetried: boolean
    try {
      isRetried = this.#isRetried(failure)
    } catch (thrown) {
      return this.#outcomes.onStop(failure.work, policyFailure('isRetriable', thrown, failure))
    }
    if (isRetried) this.#rest(waiting)
    else if (failure.size > 1) {
      this.#options.monitor.split(failure, failure.size)
      this.#outcomes.onSplit(failure.work)
      this.#due.push(waiting)
      this.#outcomes.onDue()
    } else void this.#giveUp(waiting)
  }

  #isRetried({ message, error, attempts }: Failure<Work>): boolean {
    return attempts <= this.#policy.retries && this.#policy.isRetriable(error, message as M)
  }

  #rest(waiting: Waiting<Work>): void {
    const { clock, random, monitor } = this.#options
    const { retryBackoffMs: baseMs, retryBackoffMaxMs: maxMs } = this.#policy
    const ms = backoffMs({ baseMs, maxMs }, waiting.attempts, random)
    monitor.retried(waiting, ms)
    const timer = clock.setTimer(ms, () => {
      this.#resting.delete(waiting)
      this.#due.push(waiting)
      this.#outcomes.onDue()
    })
    this.#resting.set(waiting, timer)
  }

  /** Work to be done again now; what must not be any more is dropped on the way. */
  takeDue(): Work | undefined {
    for (let index = 0; index < this.#due.length;) {
      const waiting = this.#due[index] as Waiting<Work>
      if (isCurrent(waiting) && !waiting.state.isDeliverable) {
        index++
        continue
      }
      this.#due.splice(index, 1)
      if (isCurrent(waiting)) return waiting.work
      this.#outcomes.onDropped(waiting.work)
    }
    return undefined
  }

  /** Something happened to partitions: those that are gone, or read elsewhere, wait for nothing any more. */
  dropStale(): void {
    for (const [waiting, timer] of this.#resting) {
      if (isCurrent(waiting)) continue
      timer.cancel()
      this.#resting.delete(waiting)
      this.#outcomes.onDropped(waiting.work)
    }
  }

  async #giveUp(waiting: Waiting<Work>): Promise<void> {
    const { watch, onRecovered } = this.#options
    const { state, work } = waiting
    this.#givingUp++
    state.enter()
    const watched = watch.begin(waiting)
    let error: KafkaError | undefined
    try {
      error = await this.#decide(waiting)
    } finally {
      this.#givingUp--
      const isRecovered = watch.end(watched)
      if (error !== undefined) this.#outcomes.onStop(work, error)
      else if (isUnmoved(waiting)) this.#outcomes.onGivenUp(work)
      else this.#outcomes.onDropped(work)
      state.leave()
      if (isRecovered) onRecovered()
    }
  }

  /** Answers with the error of the run when it is to stop. Never rejects. */
  async #decide(waiting: Waiting<Work>): Promise<KafkaError | undefined> {
    const { monitor } = this.#options
    let choice: GiveUp<M>
    try {
      choice = await this.#choose(waiting)
      if (choice === 'skip') monitor.skipped(waiting)
    } catch (thrown) {
      return policyFailure('giveUp', thrown, waiting)
    }
    if (choice === 'skip') return undefined
    if (choice === 'stop') return handlerFailure(waiting.error, waiting.message, waiting.attempts)
    try {
      await this.#sendDeadLetter(choice, waiting)
      return undefined
    } catch (thrown) {
      return deadLetterFailure(thrown, waiting)
    }
  }

  async #choose({ message, error, attempts }: Waiting<Work>): Promise<GiveUp<M>> {
    const { giveUp } = this.#policy
    if (typeof giveUp !== 'function') return giveUp
    const choice = await giveUp({ message: message as M, error, attempts })
    if (choice === 'stop' || choice === 'skip' || choice instanceof DeadLetter) return choice
    throw new InvalidArgumentError(
      `giveUp answered with ${String(choice)}; it must be 'stop', 'skip' or deadLetter(producer)`,
    )
  }

  async #sendDeadLetter(deadLetter: DeadLetter<M>, waiting: Waiting<Work>): Promise<void> {
    const { monitor, clock } = this.#options
    const { error, attempts } = waiting
    const message = waiting.message as M
    const topic = deadLetter.topicOf(message)
    const origin = { groupId: monitor.groupId, time: clock.wallTime() }
    await deadLetter.send(topic, { message, error, attempts }, origin)
    monitor.deadLettered(waiting, topic)
  }

  /** The run ends: nothing is handed out again. What is being given up goes on. */
  close(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const all = [...this.#resting.keys(), ...this.#due]
    for (const timer of this.#resting.values()) timer.cancel()
    this.#resting.clear()
    this.#due = []
    for (const { work } of all) this.#outcomes.onDropped(work)
  }
}

function isCurrent(waiting: Waiting<unknown>): boolean {
  return waiting.state.isOwned && isUnmoved(waiting)
}

/** True also while the partition is being revoked: the revocation waits, and commits what is finished. */
function isUnmoved({ state, positionToken }: Waiting<unknown>): boolean {
  return state.positionToken === positionToken
}

/** The policy itself failed. Nobody said that the message may be passed over, so the run stops. */
function policyFailure(part: string, thrown: unknown, failed: FailedMessage): KafkaError {
  return withBoth('ERROR_POLICY_FAILED', `The error policy's '${part}' failed`, thrown, failed)
}

function deadLetterFailure(thrown: unknown, failed: FailedMessage): KafkaError {
  return withBoth(
    'DEAD_LETTER_FAILED',
    'A message could not be sent to its dead-letter topic',
    thrown,
    failed,
  )
}

function withBoth(code: string, what: string, thrown: unknown, failed: FailedMessage): KafkaError {
  const { topic, partition, offset } = failed.message
  const text = `${what}, at offset ${offset}: ${textOf(thrown)}. Its handler had failed: ${textOf(failed.error)}`
  const cause = new AggregateError(
    [failed.error, thrown],
    'The error of the handler, and the one that followed',
  )
  return new KafkaError(code, text, { topic, partition, cause })
}

function textOf(error: unknown): string {
  return error instanceof Error ? error.message : String(error)
}
