import type { Clock } from '../../base/clock'
import { createDeferred, type Deferred } from '../../base/deferred'
import { TimeoutError } from '../../base/errors'
import type { BrokerApiName, BrokerRequest } from '../../wire/generated/broker/apis-by-name'

/**
 * - `answered`: a response was sent
 * - `unanswered`: none was due, as for Produce with acks 0
 * - `dropped`: a fault kept it from being answered
 * - `closed`: the connection ended before an answer
 */
export type RequestOutcome = 'answered' | 'unanswered' | 'dropped' | 'closed'

/** One request that a broker has dealt with. */
export interface LoggedRequest<Name extends BrokerApiName = BrokerApiName> {
  /** Wall time of its arrival. */
  readonly at: number
  readonly brokerId: number
  /** The connection it came on. */
  readonly sessionId: number
  readonly clientId: string | null
  readonly api: Name
  readonly version: number
  readonly correlationId: number
  readonly request: BrokerRequest<Name>
  readonly outcome: RequestOutcome
  /** The first of the response that is not NONE. */
  readonly errorCode?: number
  readonly durationMs: number
}

/** Which requests are meant; what is left out does not matter. */
export interface RequestFilter<Name extends BrokerApiName> {
  readonly api?: Name
  readonly brokerId?: number
  readonly clientId?: string
  readonly sessionId?: number
  readonly outcome?: RequestOutcome
}

export interface RequestLogOptions {
  /** How many requests are kept; the oldest go. 0 keeps none. Default: 10,000. */
  readonly size?: number
  /** Bytes of requests that are kept, because they keep their records alive. Default: 16 MiB. */
  readonly maxBytes?: number
}

interface Waiter {
  readonly api: BrokerApiName
  readonly predicate: (request: LoggedRequest) => boolean
  readonly deferred: Deferred<LoggedRequest>
}

interface Entry {
  readonly request: LoggedRequest
  readonly bytes: number
}

/** The requests that brokers have dealt with lately, in the order in which they were done with. */
export class RequestLog {
  readonly #clock: Clock
  readonly #size: number
  readonly #maxBytes: number
  /** The oldest stands at `#start`; what is before it is gone and waits to be cut off. */
  #entries: (Entry | undefined)[] = []
  #start = 0
  #bytes = 0
  readonly #waiters = new Set<Waiter>()

  constructor(clock: Clock, options: RequestLogOptions = {}) {
    this.#clock = clock
    this.#size = options.size ?? 10_000
    this.#maxBytes = options.maxBytes ?? 16 * 1024 * 1024
  }

  /** False when nobody would see an entry. */
  get isNeeded(): boolean {
    return this.#size > 0 || this.#waiters.size > 0
  }

  /** @param bytes of the request */
  add(request: LoggedRequest, bytes: number): void {
    if (this.#waiters.size > 0) this.#tellWaiters(request)
    if (this.#size === 0) return
    this.#entries.push({ request, bytes })
    this.#bytes += bytes
    while (this.#entries.length - this.#start > this.#size || this.#bytes > this.#maxBytes) this.#dropOldest()
  }

  #dropOldest(): void {
    this.#bytes -= (this.#entries[this.#start] as Entry).bytes
    this.#entries[this.#start] = undefined
    this.#start++
    if (this.#start <= this.#entries.length / 2) return
    this.#entries = this.#entries.slice(this.#start)
    this.#start = 0
  }

  /** All requests that are kept, the oldest first. */
  get all(): readonly LoggedRequest[] {
    return this.#entries.flatMap((entry) => (entry === undefined ? [] : [entry.request]))
  }

  /** The requests that are meant, the oldest first. */
  filter<Name extends BrokerApiName = BrokerApiName>(
    wanted: RequestFilter<Name> = {},
  ): LoggedRequest<Name>[] {
    const criteria = Object.entries(wanted).filter(([, value]) => value !== undefined)
    const isWanted = (request: LoggedRequest): boolean =>
      criteria.every(([name, value]) => request[name as keyof RequestFilter<Name>] === value)
    return this.all.filter(isWanted) as LoggedRequest<Name>[]
  }

  /** Forgets all requests; those who wait go on waiting. */
  clear(): void {
    this.#entries = []
    this.#start = 0
    this.#bytes = 0
  }

  /**
   * Resolves with the first request of the API that fits: one that is kept, or the next one that comes.
   * @throws TimeoutError when `timeoutMs` (default: 30 s) pass without one
   */
  waitFor<Name extends BrokerApiName>(
    api: Name,
    predicate: (request: LoggedRequest<Name>) => boolean = () => true,
    options: { readonly timeoutMs?: number } = {},
  ): Promise<LoggedRequest<Name>> {
    const known = this.filter({ api }).find(predicate)
    if (known !== undefined) return Promise.resolve(known)
    const deferred = createDeferred<LoggedRequest<Name>>()
    const { timeoutMs = 30_000 } = options
    const waiter = { api, predicate, deferred } as Waiter & { deferred: Deferred<LoggedRequest<Name>> }
    const timer = this.#clock.setTimer(timeoutMs, () => {
      this.#waiters.delete(waiter)
      const what = `No ${api} request that was waited for came within ${timeoutMs} ms`
      deferred.reject(new TimeoutError('REQUEST_NOT_SEEN', what))
    })
    this.#waiters.add(waiter)
    return deferred.promise.finally(() => timer.cancel())
  }

  #tellWaiters(request: LoggedRequest): void {
    for (const waiter of [...this.#waiters]) {
      if (waiter.api !== request.api) continue
      try {
        if (!waiter.predicate(request)) continue
        waiter.deferred.resolve(request)
      } catch (error) {
        waiter.deferred.reject(error)
      }
      this.#waiters.delete(waiter)
    }
  }
}
