import type { TestCluster, BrokerApiName } from '../../../src/testing'
import { errorResponses } from '../../../src/testing/faults/errors/error-responses'
import type { ErrorResponse } from '../../../src/testing/faults/errors/error-response'
import type { BrokerRequest } from '../../../src/wire/generated/broker/apis-by-name'

/** Errors by client, each to be said once; how it is said is the test's. */
export class OneTimeErrors {
  readonly #armed = new Map<string, number>()
  readonly #used = new Set<string>()

  /** The client's next request gets the error. */
  arm(clientId: string, code: number): void {
    this.#armed.set(clientId, code)
  }

  /** Whether the client's request got its error. */
  wasUsed(clientId: string): boolean {
    return this.#used.has(clientId)
  }

  /** The code to say to this client now. */
  take(clientId: string | null): number | undefined {
    const client = clientId ?? ''
    const code = this.#armed.get(client)
    if (code === undefined) return undefined
    this.#armed.delete(client)
    this.#used.add(client)
    return code
  }
}

/** Answers one request of each client that armed it with an error; told apart by client id, so that cases run at once. */
export class ArmedErrors extends OneTimeErrors {
  /**
   * @param options `acts`: the broker does what it was asked for before the error is said. `where`: only such requests
   */
  constructor(
    broker: TestCluster,
    api: BrokerApiName,
    options: { readonly acts?: boolean; readonly where?: (request: unknown) => boolean } = {},
  ) {
    super()
    const { acts = false, where = () => true } = options
    broker.on(api, async (request: BrokerRequest<BrokerApiName>, exchange) => {
      const code = where(request) ? this.take(exchange.clientId) : undefined
      if (code === undefined) return undefined
      if (acts) await exchange.proceed()
      const say = errorResponses[api] as ErrorResponse<BrokerApiName>
      return say(request, code, exchange.apiVersion)
    })
  }
}

/** Settles as the promise does, or with `'hangs'` when it takes too long. */
export async function bounded<Result>(work: Promise<Result>, limitMs = 15_000): Promise<Result | 'hangs'> {
  let timer: NodeJS.Timeout | undefined
  const late = new Promise<'hangs'>((resolve) => {
    timer = setTimeout(() => resolve('hangs'), limitMs)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}

/** Runs a case for each item, some at a time, and gives the outcomes by the items' names. */
export async function outcomesByName<Item extends { readonly name: string }>(
  items: readonly Item[],
  run: (item: Item, index: number) => Promise<string>,
  atOnce = 24,
): Promise<Record<string, string>> {
  const outcomes: Record<string, string> = {}
  let next = 0
  const worker = async () => {
    for (let index = next++; index < items.length; index = next++) {
      const item = items[index] as Item
      outcomes[item.name] = await bounded(run(item, index)).catch(
        (error: unknown) => `broken: ${String(error)}`,
      )
    }
  }
  await Promise.all(Array.from({ length: atOnce }, worker))
  return outcomes
}

/** The error a promise ends in; undefined when it resolves. */
export const errorOf = (promise: Promise<unknown>): Promise<unknown> =>
  promise.then(
    () => undefined,
    (error: unknown) => error ?? new Error('rejected with nothing'),
  )

/** Resolves when the condition holds. */
export async function until(condition: () => boolean, what: string, limitMs = 5000): Promise<void> {
  const end = Date.now() + limitMs
  while (!condition()) {
    if (Date.now() > end) throw new Error(`Not within ${limitMs} ms: ${what}`)
    await new Promise((resolve) => setTimeout(resolve, 2))
  }
}
