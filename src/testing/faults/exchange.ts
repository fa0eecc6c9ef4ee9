import type { Clock } from '../../base/clock'
import type { BrokerApiName, BrokerRequest, BrokerResponse } from '../../wire/generated/broker/apis-by-name'
import type { RequestContext } from '../contracts/api-handler'

/** What becomes of a request in the end. */
export type ExchangeEnd =
  | {
      readonly kind: 'answer'
      readonly response: unknown
      /** How often it is sent. Default: once. */
      readonly copies?: number
    }
  | { readonly kind: 'drop' }
  | { readonly kind: 'close' }

/** Does what the request asks for; undefined when no response is due. */
export type Act = (request: unknown) => unknown

/** One request in the hands of a rule. */
export class Exchange<Name extends BrokerApiName = BrokerApiName> {
  readonly api: Name
  readonly apiVersion: number
  readonly clientId: string | null
  readonly brokerId: number
  /** The connection it came on. */
  readonly sessionId: number
  readonly #request: BrokerRequest<Name>
  readonly #context: RequestContext
  readonly #act: Act
  readonly #clock: Clock
  #acted: Promise<BrokerResponse<Name> | undefined> | undefined
  #end: 'drop' | 'close' | 'act and close' | 'act and drop' | undefined
  #copies = 1
  #isTouched = false

  constructor(api: Name, request: BrokerRequest<Name>, context: RequestContext, act: Act, clock: Clock) {
    this.api = api
    this.apiVersion = context.apiVersion
    this.clientId = context.clientId
    this.brokerId = context.broker.id
    this.sessionId = context.session.id
    this.#request = request
    this.#context = context
    this.#act = act
    this.#clock = clock
  }

  /**
   * Lets the broker do what it was asked for, and gives its response; undefined when none is due. A second call gives
   * the same response.
   * @param request something else to be done instead
   */
  proceed(request: BrokerRequest<Name> = this.#request): Promise<BrokerResponse<Name> | undefined> {
    this.#isTouched = true
    if (this.#acted === undefined) {
      this.#acted = Promise.resolve(this.#act(request) as Promise<BrokerResponse<Name> | undefined>)
      // The rule may not wait for it.
      this.#acted.catch(() => {})
    }
    return this.#acted
  }

  /**
   * Never answers. A broker answers in order, so nothing that follows on this connection is answered either.
   * @param options `after: 'acting'` does what was asked for first. Default: nothing is done
   */
  drop(options: { readonly after: 'acting' | 'before' } = { after: 'before' }): void {
    this.#isTouched = true
    this.#end = options.after === 'acting' ? 'act and drop' : 'drop'
  }

  /** Closes the connection instead of an answer, after it did what was asked for, or without. Default: without. */
  close(options: { readonly after: 'acting' | 'before' } = { after: 'before' }): void {
    this.#isTouched = true
    this.#end = options.after === 'acting' ? 'act and close' : 'close'
  }

  /** Sends the answer twice. No broker does; a client has to see that the second one answers nothing. */
  duplicate(): void {
    this.#isTouched = true
    this.#copies = 2
  }

  /** Resolves after so many milliseconds. The requests behind it on the connection wait too, as they do in Kafka. */
  delay(ms: number): Promise<void> {
    this.#isTouched = true
    return new Promise((resolve) => {
      this.#clock.setTimer(ms, resolve).unref?.()
    })
  }

  /** Mutes the connection after the answer, as a broker that throttles does (KIP-219). */
  throttle(ms: number): void {
    this.#isTouched = true
    this.#context.throttleMs = Math.max(this.#context.throttleMs, ms)
  }

  /** What the rule made of it; undefined when it left the request alone. For the one who runs the rules. */
  async finish(returned: BrokerResponse<Name> | undefined): Promise<ExchangeEnd | undefined> {
    if (this.#end !== undefined) {
      if (this.#end.startsWith('act')) await this.proceed()
      return { kind: this.#end.endsWith('drop') ? 'drop' : 'close' }
    }
    if (returned !== undefined) return { kind: 'answer', response: returned, copies: this.#copies }
    // It said nothing more: what the broker says is the answer.
    if (this.#acted !== undefined || this.#copies > 1) {
      return { kind: 'answer', response: await this.proceed(), copies: this.#copies }
    }
    return undefined
  }

  /** True when the rule did anything to the request: it then counts as used. */
  get isTouched(): boolean {
    return this.#isTouched
  }
}
