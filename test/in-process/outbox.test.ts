// Guards what the outbox example promises to those who copy it: each row once and in order, whatever happens to its relays.
import { OutboxRelay, type Outbox } from '../../examples/outbox/outbox-relay'
import { ShopDatabase } from '../../examples/outbox/shop-database'
import { FencedError, Kafka, type KafkaError } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createBroker, type TestCluster } from '../../src/testing'
import { Chance, seededRandom } from '../../src/testing/simulation/seeded-random'
import { errorOf, until } from './support/case-runner'
import { committedValues, transactionsEnded } from './support/committed-view'

let broker: TestCluster
let database: ShopDatabase
let over: AbortController
let runs: Promise<unknown>[]

async function start(version: 1 | 2): Promise<void> {
  const topics = ['events', 'positions'].map((name) => ({ name, partitions: 1 }))
  broker = await createBroker({ network: 'memory', logger: silentLogger, seed: 1, topics })
  broker.setFeature('transaction.version', version)
  database = new ShopDatabase(':memory:')
  over = new AbortController()
  runs = []
}

afterEach(async () => {
  over.abort()
  await Promise.all(runs)
  database.close()
  expect(broker.failures).toEqual([])
  await broker.close()
})

const relayOf = (clientId: string, outbox: Outbox = database) =>
  new OutboxRelay({
    kafka: new Kafka({
      ...broker.clientOptions(),
      clientId,
      logger: silentLogger,
      retryBackoffMs: 5,
      reconnectBackoffMs: 1,
      requestTimeoutMs: 100,
    }),
    outbox,
    events: 'events',
    positions: 'positions',
    transactionalId: 'relay',
    batchRows: 4,
  })

/** One run. @returns the error it ends with */
function runOnce(relay: OutboxRelay): Promise<unknown> {
  const end = errorOf(relay.run(over.signal))
  runs.push(end)
  return end
}

/** One run after another. @returns what ended them so far */
function keepRunning(relay: OutboxRelay, pauseMs: (run: number) => number = () => 1): unknown[] {
  const errors: unknown[] = []
  const work = async () => {
    while (!over.signal.aborted) {
      const error = await errorOf(relay.run(over.signal))
      if (error !== undefined) errors.push(error)
      await new Promise((resolve) => setTimeout(resolve, pauseMs(errors.length)))
    }
  }
  runs.push(work())
  return errors
}

function placeOrders(count: number): void {
  for (let i = 0; i < count; i++) database.placeOrder(`c-${i % 3}`, 1 + i)
}

const publishedIds = (): number[] =>
  committedValues(broker, 'events', 0).map((value) => (JSON.parse(value) as { order: number }).order)

/** Waits until nothing is left to publish, and compares what readers see with the orders. */
async function expectAllPublished(): Promise<void> {
  await until(() => database.rowsAfter(0, 1).length === 0, 'the outbox is empty', 25_000)
  await transactionsEnded(broker)
  expect(publishedIds()).toEqual(database.orderIds())
}

/** Where a relay may be stopped: the how manieth request of an API or call of its table it is, in batches of 4 rows. */
interface Moment {
  readonly name: string
  readonly at: (typeof watchedApis)[number] | keyof Outbox
  readonly nth: number
  /** Only with this transaction.version. */
  readonly version?: 1 | 2
}

const watchedApis = ['InitProducerId', 'AddPartitionsToTxn', 'Produce', 'EndTxn', 'Fetch'] as const

const moments: readonly Moment[] = [
  { name: 'it takes the transactional id over', at: 'InitProducerId', nth: 1 },
  { name: 'its first transaction begins', at: 'AddPartitionsToTxn', nth: 1, version: 1 },
  { name: 'it writes that it takes over', at: 'Produce', nth: 1 },
  { name: 'its first transaction ends', at: 'EndTxn', nth: 1 },
  { name: 'it reads its position', at: 'Fetch', nth: 1 },
  { name: 'it reads rows', at: 'rowsAfter', nth: 2 },
  { name: 'the transaction of the rows begins', at: 'AddPartitionsToTxn', nth: 4, version: 1 },
  { name: 'it publishes rows', at: 'Produce', nth: 4 },
  { name: 'it writes its position', at: 'Produce', nth: 5 },
  { name: 'it commits', at: 'EndTxn', nth: 3 },
  { name: 'it deletes rows', at: 'deleteUpTo', nth: 2 },
]

/** A relay with client id `sleeper` that comes to a moment, and stays there with everything it asks until it is woken up. */
class Sleeper {
  readonly #moment: Moment
  readonly #acts: boolean
  #seen = 0
  #isAsleep = false
  #wake = () => {}
  readonly #woken = new Promise<void>((resolve) => (this.#wake = resolve))
  readonly #end: Promise<unknown>

  /** @param acts what it asks for at the moment is done, and it does not learn of it */
  constructor(moment: Moment, acts: boolean) {
    this.#moment = moment
    this.#acts = acts
    for (const api of watchedApis) {
      broker.on(api, (_, exchange) =>
        exchange.clientId === 'sleeper' ? this.#pass(api, () => exchange.proceed()) : undefined,
      )
    }
    const outbox: Outbox = {
      rowsAfter: (position, limit) =>
        this.#pass('rowsAfter', () => Promise.resolve(database.rowsAfter(position, limit))),
      deleteUpTo: (position) =>
        this.#pass('deleteUpTo', () => Promise.resolve(database.deleteUpTo(position))),
    }
    this.#end = runOnce(relayOf('sleeper', outbox))
  }

  async sleeps(): Promise<void> {
    await until(() => this.#isAsleep, `the relay comes to where ${this.#moment.name}`)
  }

  /** @returns what ends its run */
  wakeUp(): Promise<unknown> {
    this.#wake()
    return this.#end
  }

  async #pass<Result>(at: Moment['at'], act: () => Promise<Result>): Promise<Result> {
    if (this.#isAsleep) await this.#woken
    const isNow = at === this.#moment.at && ++this.#seen === this.#moment.nth
    if (!isNow) return await act()
    const result = this.#acts ? act() : undefined
    await result
    this.#isAsleep = true
    await this.#woken
    return await (result ?? act())
  }
}

describe.each([1, 2] as const)('with transaction.version %i', (version) => {
  const cases = moments
    .filter((moment) => moment.version === undefined || moment.version === version)
    .flatMap((moment) => [
      { moment, acts: false, when: 'before' },
      { moment, acts: true, when: 'after' },
    ])

  test.each(cases)(
    'T1 T9: a relay that hangs $when $moment.name is replaced, and wakes up without doing harm',
    async ({ moment, acts }) => {
      await start(version)
      placeOrders(10)
      const sleeper = new Sleeper(moment, acts)
      await sleeper.sleeps()

      keepRunning(relayOf('next'))
      placeOrders(10)
      await expectAllPublished()

      const end = sleeper.wakeUp()
      placeOrders(10)
      await expectAllPublished()
      over.abort()
      // The next one may be just aborting its transaction: refused then, and not fenced yet.
      const endings = [undefined, 'PRODUCER_FENCED', 'INVALID_PRODUCER_EPOCH', 'INVALID_TXN_STATE']
      expect(endings).toContain(((await end) as KafkaError | undefined)?.code)
    },
    30_000,
  )

  test('L11 T6: answers that are lost, acted on or not, and connections that end repeat and lose nothing', async () => {
    await start(version)
    const chance = new Chance(seededRandom(version))
    let lost = 0
    for (const api of watchedApis) {
      broker.on(api, (_, exchange) => {
        if (!chance.happens(0.1)) return
        lost++
        const after = chance.happens(0.5) ? 'acting' : 'before'
        if (chance.happens(0.9)) exchange.close({ after })
        else exchange.drop({ after })
      })
    }
    keepRunning(relayOf('only'))
    for (let i = 0; i < 30; i++) {
      placeOrders(2)
      await new Promise((resolve) => setTimeout(resolve, 2))
    }
    await expectAllPublished()
    expect(lost).toBeGreaterThan(5)
  }, 30_000)

  // Each waits longer with each run, so that on a busy machine too one of them gets to publish.
  test('T1: relays that all want to work fence each other, and publish each row once and in order', async () => {
    await start(version)
    const chance = new Chance(seededRandom(version))
    const errors = ['a', 'b', 'c'].map((id) =>
      keepRunning(relayOf(id), (run) => chance.between(0, 20 + 10 * run)),
    )
    for (let i = 0; i < 50; i++) {
      placeOrders(2)
      await new Promise((resolve) => setTimeout(resolve, 5))
    }
    await expectAllPublished()
    over.abort()
    await Promise.all(runs)
    expect(errors.flat().filter((error) => error instanceof FencedError).length).toBeGreaterThan(2)
  }, 30_000)

  test('a relay that starts again goes on behind the last published row, and is not held up by an order that failed', async () => {
    await start(version)
    placeOrders(3)
    expect(() => database.placeOrder('c-1', Number.NaN)).toThrow()
    placeOrders(3)
    const keptRows: Outbox = {
      rowsAfter: (position, limit) => database.rowsAfter(position, limit),
      deleteUpTo: () => {},
    }
    for (let start = 1; start <= 3; start++) {
      const signal = new AbortController()
      const run = relayOf(`start-${start}`, keptRows).run(signal.signal)
      await until(() => publishedIds().length === start * 6, `${start * 6} rows are published`)
      signal.abort()
      await run
      placeOrders(6)
    }
    expect(publishedIds()).toEqual(database.orderIds().slice(0, 18))
  })
})
