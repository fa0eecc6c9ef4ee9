import { backoffMs } from '../base/backoff'
import type { Deadline } from '../base/deadline'
import { ErrorCode } from '../base/error-codes'
import { BrokerError, ConnectionError, KafkaError, TimeoutError } from '../base/errors'
import { brokerContext, formatAddress, type BrokerAddress } from '../network/broker-address'
import { plainMessage } from '../network/connection-errors'
import type { ConnectionPool } from '../network/connection-pool'
import type { ClientApi } from '../wire/api'
import type { BrokerChoice } from './broker-choice'
import type { RequestBody, RequestOptions, RequestTarget } from './cluster'
import type { Coordinators } from './coordinators'
import type { MetadataCache } from './metadata-cache'
import { retryStep, type RetryStep } from './retry-policy'

export interface RouterSettings {
  readonly requestTimeoutMs: number
  readonly retryBackoffMs: number
  readonly retryBackoffMaxMs: number
  readonly random: () => number
}

/** What the cluster's own questions ask for beyond what callers can. */
export interface RoutedOptions<Response> extends RequestOptions<Response> {
  /** True to turn to the next broker when one is silent: for questions that any of them can answer. */
  readonly hedged?: boolean
}

/** After so many rounds in which every address looked like a wrong option, it is taken for one. */
const mistakenRounds = 3

/** How long one broker is waited for with a question that any of them can answer. */
const hedgeAfterMs = 3000

/** Carries a request to where it belongs, and again by the retry policy while the deadline allows. */
export class RequestRouter {
  readonly #settings: RouterSettings
  readonly #pool: ConnectionPool
  readonly #choice: BrokerChoice
  readonly #metadata: MetadataCache
  readonly #coordinators: Coordinators
  #mistakenRounds = 0
  /** Once anything was answered the options are right, and what looks like a mistake is an outage. */
  #served = false

  constructor(
    settings: RouterSettings,
    pool: ConnectionPool,
    choice: BrokerChoice,
    metadata: MetadataCache,
    coordinators: Coordinators,
  ) {
    this.#settings = settings
    this.#pool = pool
    this.#choice = choice
    this.#metadata = metadata
    this.#coordinators = coordinators
  }

  async request<Request, Response>(
    target: RequestTarget,
    api: ClientApi<Request, Response>,
    body: RequestBody<Request>,
    options: RoutedOptions<Response>,
  ): Promise<Response> {
    const { deadline, connection = '', repeatable = true } = options
    const attempts = new Attempts(api.name, deadline)
    const round: Round = { tried: new Set(), failures: [] }
    for (let failures = 1; ; failures++) {
      attempts.check()
      let failure: KafkaError
      try {
        const broker = await this.#route(target, connection, deadline, round)
        attempts.begin(broker)
        return await this.#attempt(broker, api, body, options, this.#patienceMs(options, round))
      } catch (error) {
        failure = KafkaError.from(error, `${api.name} failed`)
      }
      attempts.fail(failure)
      const step = this.#step(failure, target, repeatable, round, connection)
      if (step === 'fail') throw failure
      this.#prepare(step, target, failure)
      if (step === 'otherBroker' && this.#othersLeft(connection, round)) {
        failures--
        continue
      }
      const mistake = this.#endRound(round)
      if (mistake !== undefined) throw mistake
      await deadline.sleep(this.#backoffMs(failures))
    }
  }

  /** One attempt on each broker until one answers; rejects with what all of them said. */
  async askOnce<Request, Response>(
    api: ClientApi<Request, Response>,
    body: RequestBody<Request>,
  ): Promise<Response> {
    const round: Round = { tried: new Set(), failures: [] }
    const asked = this.#choice.prepare('')
    if (asked !== undefined) await asked
    for (;;) {
      const broker = this.#choice.next('', round.tried)
      if (broker === undefined) throw this.#endRound(round) ?? unreachable(round)
      round.tried.add(broker.nodeId)
      try {
        const patienceMs = this.#othersLeft('', round) ? hedgeAfterMs : Infinity
        const options = { timeoutMs: this.#settings.requestTimeoutMs, patienceMs }
        const response = await this.#pool.link(broker, '').send(api, body, options)
        this.#served = true
        return response
      } catch (error) {
        const failure = KafkaError.from(error, `${api.name} failed`)
        if (retryStep(failure, 'any', true) === 'fail' && !(failure instanceof ConnectionError)) throw failure
        round.failures.push({ broker, error: failure })
      }
    }
  }

  async #attempt<Request, Response>(
    broker: BrokerAddress,
    api: ClientApi<Request, Response>,
    body: RequestBody<Request>,
    options: RequestOptions<Response>,
    patienceMs: number,
  ): Promise<Response> {
    const { deadline, errorOf, connection = '', timeoutMs = this.#settings.requestTimeoutMs } = options
    const response = await this.#pool.link(broker, connection).send(api, body, {
      timeoutMs,
      patienceMs,
      signal: deadline.signal,
      minVersion: options.minVersion,
      maxVersion: options.maxVersion,
    })
    this.#served = true
    const error = errorOf?.(response)
    if (error === undefined || error.errorCode === ErrorCode.NONE) return response
    throw new BrokerError(error.errorCode, `${api.name} failed`, {
      ...brokerContext(broker),
      api: api.name,
      brokerMessage: error.errorMessage ?? null,
    })
  }

  /** A frozen broker is not waited for while another can be asked. */
  #patienceMs<Response>(options: RoutedOptions<Response>, round: Round): number {
    const remainingMs = options.deadline.remainingMs()
    const hedged = options.hedged === true && this.#othersLeft(options.connection ?? '', round)
    return hedged ? Math.min(remainingMs, hedgeAfterMs) : remainingMs
  }

  #othersLeft(connection: string, round: Round): boolean {
    return this.#choice.next(connection, round.tried) !== undefined
  }

  async #route(
    target: RequestTarget,
    connection: string,
    deadline: Deadline,
    round: Round,
  ): Promise<BrokerAddress> {
    if (target.kind === 'any') {
      const asked = round.tried.size === 0 ? this.#choice.prepare(connection) : undefined
      if (asked !== undefined) await deadline.race(asked, noAddresses)
      const broker = this.#choice.next(connection, round.tried) as BrokerAddress
      round.tried.add(broker.nodeId)
      return broker
    }
    if (target.kind === 'controller') return await this.#controller(deadline)
    const nodeId =
      target.kind === 'node'
        ? target.nodeId
        : await this.#coordinators.find(target.type, target.key, deadline)
    return await this.#node(nodeId, deadline)
  }

  async #controller(deadline: Deadline): Promise<BrokerAddress> {
    if (this.#metadata.controllerId < 0) await this.#metadata.refresh(deadline)
    const { controllerId } = this.#metadata
    if (controllerId >= 0) return await this.#node(controllerId, deadline)
    throw new BrokerError(ErrorCode.BROKER_NOT_AVAILABLE, 'The cluster has no controller at the moment', {
      retriable: true,
    })
  }

  async #node(nodeId: number, deadline: Deadline): Promise<BrokerAddress> {
    const known = this.#metadata.broker(nodeId)
    if (known !== undefined) return known
    await this.#metadata.refresh(deadline)
    const found = this.#metadata.broker(nodeId)
    if (found !== undefined) return found
    throw unknownNode(nodeId)
  }

  #step(
    failure: KafkaError,
    target: RequestTarget,
    repeatable: boolean,
    round: Round,
    connection: string,
  ): RetryStep {
    const step = retryStep(failure, target.kind, repeatable)
    if (target.kind !== 'any' || !(failure instanceof ConnectionError || step === 'otherBroker')) return step
    const broker = failure.context.broker ?? 'unknown'
    round.failures.push({ broker, error: failure })
    // An address that is wrong for certain does not keep the others from being tried.
    if (step === 'fail' && !failure.retriable && this.#othersLeft(connection, round)) return 'otherBroker'
    return step
  }

  #prepare(step: RetryStep, target: RequestTarget, failure: KafkaError): void {
    if (target.kind === 'coordinator' && step === 'findCoordinator') {
      this.#coordinators.forget(target.type, target.key)
    }
    if (step === 'refreshMetadata' || failure instanceof ConnectionError || failure instanceof TimeoutError) {
      this.#metadata.requestRefresh(failure.message)
    }
  }

  /** Starts a new round; returns an error when all addresses seem to be wrong for good. */
  #endRound(round: Round): KafkaError | undefined {
    const failures = round.failures.splice(0)
    round.tried.clear()
    const mistaken =
      !this.#served && failures.length > 0 && failures.every(({ error }) => looksMistaken(error))
    this.#mistakenRounds = mistaken ? this.#mistakenRounds + 1 : 0
    const certain = failures.length > 0 && failures.every(({ error }) => !error.retriable)
    if (certain || this.#mistakenRounds >= mistakenRounds) return summarise(failures, false)
    round.last = failures
    return undefined
  }

  #backoffMs(failures: number): number {
    const { retryBackoffMs: baseMs, retryBackoffMaxMs: maxMs, random } = this.#settings
    return backoffMs({ baseMs, maxMs }, failures, random)
  }
}

interface Failure {
  readonly broker: BrokerAddress | string
  readonly error: KafkaError
}

/** One try of each broker, for requests that any of them can answer. */
interface Round {
  readonly tried: Set<number>
  readonly failures: Failure[]
  last?: readonly Failure[]
}

/** What was tried for one request, for the error that ends it. */
class Attempts {
  readonly #api: string
  readonly #deadline: Deadline
  readonly #brokers = new Set<string>()
  #count = 0
  #maybeWritten = false
  #last: KafkaError | undefined

  constructor(api: string, deadline: Deadline) {
    this.#api = api
    this.#deadline = deadline
  }

  begin(broker: BrokerAddress): void {
    this.#count++
    const name = formatAddress(broker.host, broker.port)
    this.#brokers.add(broker.nodeId < 0 ? name : `${broker.nodeId} at ${name}`)
  }

  fail(error: KafkaError): void {
    // An attempt that the deadline itself cut short says less than what went wrong before it.
    const cutShort = error instanceof TimeoutError && this.#deadline.expired
    if (!cutShort || this.#last === undefined) this.#last = error
    if (error instanceof ConnectionError || error instanceof TimeoutError) {
      this.#maybeWritten ||= error.maybeWritten
    }
  }

  /** Throws when the deadline has passed or the caller's signal has fired. */
  check(): void {
    this.#deadline.throwIfAborted()
    if (!this.#deadline.expired) return
    const tries = this.#count === 1 ? '1 attempt' : `${this.#count} attempts`
    const where =
      this.#count === 0 ? 'before any attempt' : `after ${tries} on ${[...this.#brokers].join(', ')}`
    const last = this.#last === undefined ? '' : `; the last error was: ${this.#last.message}`
    throw new TimeoutError('TIMEOUT', `${this.#deadline.what} ran out of time ${where}${last}`, {
      api: this.#api,
      cause: this.#last,
      maybeWritten: this.#maybeWritten,
    })
  }
}

/** What a wrong option brings about: a name or port where no broker is, or the wrong kind of listener. */
function looksMistaken(error: KafkaError): boolean {
  return !error.retriable || mistakenCodes.has(error.code)
}

const mistakenCodes: ReadonlySet<string> = new Set([
  'CONNECTION_FAILED',
  'TLS_HANDSHAKE_CLOSED',
  'CLOSED_BEFORE_USE',
])

function unreachable(round: Round): KafkaError {
  return summarise(round.last ?? [], true)
}

/** One error for what several brokers said; that of a single broker as it is. */
function summarise(failures: readonly Failure[], retriable: boolean): KafkaError {
  const first = failures[0]
  if (first === undefined) {
    return new ConnectionError('NO_BROKER_REACHABLE', 'There is no broker to ask', { retriable })
  }
  if (failures.length === 1) {
    const { error } = first
    if (error.retriable === retriable || retriable) return error
    const message = `${plainMessage(error)}${advice(failures)}`
    return new ConnectionError(error.code, message, { ...error.context, retriable, cause: error })
  }
  const said = failures.map(({ error }) => error.message).join('; ')
  const code = failures.every(({ error }) => error.code === first.error.code && !retriable)
    ? first.error.code
    : 'NO_BROKER_REACHABLE'
  const hint = retriable ? '' : advice(failures)
  return new ConnectionError(code, `None of the brokers could be used: ${said}${hint}`, {
    retriable,
    cause: first.error,
  })
}

function noAddresses(): TimeoutError {
  return new TimeoutError('TIMEOUT', 'The function of the option brokers gave no addresses in time')
}

/** What to do when nothing has answered since the client was made. */
function advice(failures: readonly Failure[]): string {
  const unreachable = failures.every(({ error }) => error.code === 'CONNECTION_FAILED')
  return unreachable ? '; check the option brokers, and that Kafka runs there' : ''
}

/** The error for a broker that metadata does not name. */
export function unknownNode(nodeId: number): BrokerError {
  return new BrokerError(
    ErrorCode.BROKER_NOT_AVAILABLE,
    'The broker is not part of the cluster at the moment',
    {
      nodeId,
      retriable: true,
    },
  )
}
