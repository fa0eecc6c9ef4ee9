import { pushTo } from '../../base/group-by'
import type { Runtime } from '../contracts/runtime'
import { InvalidArgumentError } from '../../base/errors'
import {
  brokerApis,
  type BrokerApiName,
  type BrokerRequest,
  type BrokerResponse,
} from '../../wire/generated/broker/apis-by-name'
import type { RequestContext } from '../contracts/api-handler'
import { Exchange, type Act, type ExchangeEnd } from './exchange'

/**
 * What a rule does with a request: the response it gives is sent. Undefined leaves the request to the next rule, or
 * to the broker, unless the rule decided otherwise through the exchange.
 */
export type FaultHandler<Name extends BrokerApiName> = (
  request: BrokerRequest<Name>,
  exchange: Exchange<Name>,
) => BrokerResponse<Name> | undefined | void | Promise<BrokerResponse<Name> | undefined | void>

export interface RuleOptions {
  /** After so many requests that it dealt with the rule goes. Default: for ever. */
  readonly times?: number
  /** Only requests to this broker. */
  readonly broker?: number
}

/** A mistake in a rule, which ended a connection. */
export interface RuleFailure {
  readonly api: BrokerApiName
  readonly apiVersion: number
  readonly error: unknown
}

interface Rule {
  readonly broker: number | undefined
  remaining: number
  readonly handle: (
    request: unknown,
    context: RequestContext,
    act: Act,
  ) => Promise<{ readonly end: ExchangeEnd | undefined; readonly isUsed: boolean }>
}

/** The rules by which brokers misbehave. The oldest that applies to a request decides about it. */
export class FaultRules {
  /** Mistakes in rules, the oldest first. */
  readonly failures: RuleFailure[] = []
  readonly #runtime: Runtime
  readonly #rules = new Map<string, Rule[]>()

  constructor(runtime: Runtime) {
    this.#runtime = runtime
  }

  /**
   * Adds a rule for an API.
   * @returns what takes it back
   * @throws InvalidArgumentError for an API there is not, or a count that is none
   */
  on<Name extends BrokerApiName>(
    api: Name,
    handler: FaultHandler<Name>,
    options: RuleOptions = {},
  ): () => void {
    if (!Object.hasOwn(brokerApis, api)) {
      throw new InvalidArgumentError(`There is no API '${api}'; the names are Kafka's, such as 'Produce'`)
    }
    const { times = Infinity, broker } = options
    if (!(times > 0)) throw new InvalidArgumentError(`times is ${times}: a rule applies at least once`)
    const rule: Rule = { broker, remaining: times, handle: this.#runner(api, handler) }
    pushTo(this.#rules, api, rule)
    return () => this.#remove(api, rule)
  }

  /** Adds a rule that goes after one request. */
  once<Name extends BrokerApiName>(
    api: Name,
    handler: FaultHandler<Name>,
    options: { readonly broker?: number } = {},
  ): () => void {
    return this.on(api, handler, { ...options, times: 1 })
  }

  /** Takes back all rules. */
  clear(): void {
    this.#rules.clear()
  }

  /** True when a rule may have something to say about the request. */
  concerns(api: string, brokerId: number): boolean {
    if (this.#rules.size === 0) return false
    return (
      this.#rules.get(api)?.some((rule) => rule.broker === undefined || rule.broker === brokerId) ?? false
    )
  }

  /**
   * Runs the rules; the broker acts itself when none of them decides.
   * @throws what a rule throws, after it was noted
   */
  async run(api: string, request: unknown, context: RequestContext, act: Act): Promise<ExchangeEnd> {
    for (const rule of [...(this.#rules.get(api) ?? [])]) {
      const isOthers = rule.broker !== undefined && rule.broker !== context.broker.id
      if (isOthers || rule.remaining === 0) continue
      // Taken before the rule runs: a request on another connection must not use the same turn.
      rule.remaining--
      const { end, isUsed } = await rule.handle(request, context, act)
      if (!isUsed) rule.remaining++
      else if (rule.remaining === 0) this.#remove(api, rule)
      if (end !== undefined) return end
    }
    return { kind: 'answer', response: await act(request) }
  }

  #runner<Name extends BrokerApiName>(api: Name, handler: FaultHandler<Name>): Rule['handle'] {
    return async (request, context, act) => {
      const typed = request as BrokerRequest<Name>
      let mistakeOfBroker: unknown
      const guardedAct = async (changed: unknown): Promise<unknown> => {
        try {
          return await act(changed)
        } catch (error) {
          mistakeOfBroker = error
          throw error
        }
      }
      const exchange = new Exchange(api, typed, context, guardedAct, this.#runtime.clock)
      let returned: BrokerResponse<Name> | undefined
      try {
        returned = (await handler(typed, exchange)) ?? undefined
      } catch (error) {
        if (error !== mistakeOfBroker) this.failures.push({ api, apiVersion: context.apiVersion, error })
        throw error
      }
      const end = await exchange.finish(returned)
      return { end, isUsed: end !== undefined || exchange.isTouched }
    }
  }

  #remove(api: string, rule: Rule): void {
    const rules = this.#rules.get(api)
    const at = rules?.indexOf(rule) ?? -1
    if (rules === undefined || at < 0) return
    rules.splice(at, 1)
    if (rules.length === 0) this.#rules.delete(api)
  }
}
