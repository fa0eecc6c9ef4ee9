import { ErrorCode, errorCodeName, isRetriable } from '../base/error-codes'
import { AbortedError, type KafkaError } from '../base/errors'
import type { ObservedRequest } from '../cluster/observed-cluster'

/** Requests of one kind that have not led to a good answer since `since`. */
export interface RequestWait {
  /** When the first of them was sent; by the clock. */
  readonly since: number
  readonly api: string
  readonly nodeId: number | undefined
  /** True while one is on its way; else the next one follows after a backoff. */
  readonly isUnderWay: boolean
  /** Why the last one failed, in words; undefined when none has. */
  readonly lastError: string | undefined
}

interface Waiting {
  /** False once an answer was good and none is awaited. */
  isWaiting: boolean
  since: number
  api: string
  nodeId: number | undefined
  underWay: number
  lastEndedAt: number
  lastError: string | undefined
}

/** A pause between two attempts that is longer than any backoff: what follows is not the same attempt any more. */
const longestBackoffMs = 10_000

/**
 * What one client has asked the brokers, as far as it is not answered: by kind of request, some kinds also by broker.
 * An answer that says "later" is no answer.
 */
export class BrokerRequests {
  readonly #perBroker: ReadonlySet<string>
  /** By `keyOf`. What was waited for once is kept: requests come and go by the thousand. */
  readonly #waiting = new Map<string, Waiting>()
  readonly #throttledUntil = new Map<number, number>()
  /** By the same; for requests whose brokers are told apart. */
  readonly #answeredAt = new Map<string, number>()
  #underWay = 0

  /** @param perBroker kinds of requests of which each broker's are a matter of their own; of all others there is one at a time */
  constructor(perBroker: readonly string[]) {
    this.#perBroker = new Set(perBroker)
  }

  get isIdle(): boolean {
    return this.#underWay === 0
  }

  sent({ api, nodeId, startedAt }: ObservedRequest): void {
    this.#underWay++
    const key = this.#keyOf(api, nodeId)
    const waiting = this.#waiting.get(key)
    if (waiting === undefined) {
      this.#waiting.set(key, {
        isWaiting: true,
        since: startedAt,
        api,
        nodeId,
        underWay: 1,
        lastEndedAt: startedAt,
        lastError: undefined,
      })
      return
    }
    const isAnotherAttempt = waiting.underWay === 0 && startedAt - waiting.lastEndedAt > longestBackoffMs
    if (!waiting.isWaiting || isAnotherAttempt) {
      waiting.isWaiting = true
      waiting.since = startedAt
      waiting.lastError = undefined
    }
    waiting.nodeId = nodeId
    waiting.underWay++
  }

  answered({ api, nodeId }: ObservedRequest, response: unknown, now: number): void {
    this.#underWay--
    if (nodeId !== undefined) this.#noteThrottle(nodeId, throttleOf(response), now)
    const key = this.#keyOf(api, nodeId)
    const errorCode = errorCodeOf(response)
    if (errorCode !== ErrorCode.NONE && isRetriable(errorCode)) {
      return this.#refused(key, errorCodeName(errorCode), now)
    }
    if (this.#perBroker.has(api)) this.#answeredAt.set(key, now)
    const waiting = this.#waiting.get(key)
    if (waiting === undefined) return
    waiting.isWaiting = --waiting.underWay > 0
    waiting.since = now
    waiting.lastError = undefined
  }

  failed({ api, nodeId }: ObservedRequest, error: KafkaError, now: number): void {
    this.#underWay--
    const key = this.#keyOf(api, nodeId)
    if (!(error instanceof AbortedError)) return this.#refused(key, error.message, now)
    // Given up by ourselves: nobody waits for it any more.
    const waiting = this.#waiting.get(key)
    if (waiting !== undefined && --waiting.underWay <= 0) waiting.isWaiting = false
  }

  #refused(key: string, why: string, now: number): void {
    const waiting = this.#waiting.get(key)
    if (waiting === undefined) return
    waiting.underWay--
    waiting.lastEndedAt = now
    waiting.lastError = why
  }

  #noteThrottle(nodeId: number, ms: number, now: number): void {
    if (ms > 0) this.#throttledUntil.set(nodeId, now + ms)
  }

  /** Undefined when the last answer was good, or nothing was asked. */
  waitOf(api: string, nodeId?: number): RequestWait | undefined {
    const waiting = this.#waiting.get(this.#keyOf(api, nodeId))
    if (waiting?.isWaiting !== true) return undefined
    const { since, lastError, underWay } = waiting
    // While a quota holds requests back, no answer can come.
    const throttledUntil = this.#throttledUntil.get(waiting.nodeId ?? -1) ?? 0
    return {
      since: Math.max(since, throttledUntil),
      api,
      nodeId: waiting.nodeId,
      isUnderWay: underWay > 0,
      lastError,
    }
  }

  /** The first of these kinds that is waited for. */
  firstWaitOf(apis: readonly string[]): RequestWait | undefined {
    for (const api of apis) {
      const wait = this.waitOf(api)
      if (wait !== undefined) return wait
    }
    return undefined
  }

  /** When that broker last gave a good answer to a kind whose brokers are told apart; undefined before it did. */
  answeredAt(api: string, nodeId: number): number | undefined {
    return this.#answeredAt.get(this.#keyOf(api, nodeId))
  }

  #keyOf(api: string, nodeId: number | undefined): string {
    return this.#perBroker.has(api) ? `${api} ${nodeId}` : api
  }
}

/** The error of an answer as a whole; errors of its parts are for those who asked. */
function errorCodeOf(response: unknown): number {
  return numberIn(response, 'errorCode')
}

function throttleOf(response: unknown): number {
  return numberIn(response, 'throttleTimeMs')
}

function numberIn(response: unknown, name: string): number {
  if (typeof response !== 'object' || response === null) return 0
  const value = (response as Record<string, unknown>)[name]
  return typeof value === 'number' ? value : 0
}
