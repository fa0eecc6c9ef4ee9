import { ConnectionError, InvalidOptionError } from '../base/errors'
import type { BrokerAddress } from '../network/broker-address'
import { type HostAndPort, parseBootstrapAddress } from './bootstrap-address'

/** Gives addresses of brokers, as `host:port`, when they are needed. */
export type BrokersFunction = () => readonly string[] | Promise<readonly string[]>

/** The addresses by which a cluster is found: those of the option `brokers`, or what its function gave last. */
export class BootstrapBrokers {
  readonly #ask: BrokersFunction | undefined
  #list: readonly BrokerAddress[]
  #asking: Promise<void> | undefined

  constructor(source: readonly HostAndPort[] | BrokersFunction) {
    this.#ask = typeof source === 'function' ? source : undefined
    this.#list = typeof source === 'function' ? [] : bootstrapAddresses(source)
  }

  /** Their node ids are negative. Empty before a function was asked. */
  get list(): readonly BrokerAddress[] {
    return this.#list
  }

  /** Whether asking may give other addresses. */
  get isFunction(): boolean {
    return this.#ask !== undefined
  }

  /**
   * Asks the function; those who ask at the same time share the answer.
   * @throws ConnectionError when it fails, InvalidOptionError when it gives no addresses
   */
  async refresh(): Promise<void> {
    this.#asking ??= this.#refresh()
    await this.#asking
  }

  async #refresh(): Promise<void> {
    try {
      this.#list = bootstrapAddresses(parseAll(await this.#ask?.()))
    } finally {
      this.#asking = undefined
    }
  }
}

function bootstrapAddresses(brokers: readonly HostAndPort[]): BrokerAddress[] {
  return brokers.map((broker, index) => ({ ...broker, nodeId: -1 - index }))
}

function parseAll(given: unknown): HostAndPort[] {
  if (!Array.isArray(given) || given.length === 0) {
    throw new InvalidOptionError('The function of the option brokers gave no addresses', [
      "a list of texts 'host:port' is needed",
    ])
  }
  const parsed = given.map((text) =>
    typeof text === 'string' ? parseBootstrapAddress(text) : "a text 'host:port' is needed",
  )
  const problems = parsed.flatMap((one, index) =>
    typeof one === 'string' ? [`address ${index} is '${String(given[index])}': ${one}`] : [],
  )
  if (problems.length > 0) {
    throw new InvalidOptionError('The function of the option brokers gave wrong addresses', problems)
  }
  return parsed as HostAndPort[]
}

/** Asks a user's function; what it throws is a failure to find the cluster, which may pass. */
export function watched(ask: BrokersFunction): BrokersFunction {
  return async () => {
    try {
      return await ask()
    } catch (cause) {
      const { message } = (cause ?? {}) as Partial<Error>
      throw new ConnectionError(
        'CONNECTION_FAILED',
        `The function of the option brokers failed: ${message ?? String(cause)}`,
        { cause },
      )
    }
  }
}
