// Guards the promise of exactly-once processing (X5 to X7, T9, C13): results and positions count together or not at all.
import {
  FencedError,
  InvalidOptionError,
  Kafka,
  type Consumer,
  type ConsumerOptions,
  type KafkaError,
  type Message,
  type Producer,
  type ProcessTransactionallyOptions,
  type Transaction,
} from '../../src'
import type { TransactionHandler } from '../../src/consumer/transactional/transactional-delivery'
import { createBroker, createCluster, type TestCluster } from '../../src/testing'

let broker: TestCluster
let kafka: Kafka
const open: { close(): Promise<void> }[] = []

const silent = { debug() {}, info() {}, warn() {}, error() {} }
const topics = [
  { name: 'in', partitions: 3 },
  { name: 'out', partitions: 1 },
]

async function start(transactionVersion: 1 | 2): Promise<void> {
  broker = await createBroker({ network: 'memory', logger: silent, topics })
  broker.setFeature('transaction.version', transactionVersion)
  kafka = new Kafka({ ...broker.clientOptions(), logger: silent, retryBackoffMs: 10, requestTimeoutMs: 300 })
}

afterEach(async () => {
  broker.clearFaults()
  await Promise.all(open.splice(0).map((client) => client.close()))
  expect(broker.failures).toEqual([])
  await broker.close()
})

function keep<T extends { close(): Promise<void> }>(client: T): T {
  open.push(client)
  return client
}

const producer = (transactionalId = 'tx', options: Parameters<Kafka['producer']>[0] = {}): Producer =>
  keep(
    kafka.producer({
      transactionalId,
      maxBlockMs: 3000,
      deliveryTimeoutMs: 3000,
      transactionTimeoutMs: 5000,
      ...options,
    }),
  )

const consumer = (options: ConsumerOptions<readonly ['in']> = {}): Consumer<readonly ['in']> =>
  keep(
    kafka.consumer({
      groupId: 'g',
      topics: ['in'],
      startFrom: 'earliest',
      isolationLevel: 'read_committed',
      sessionTimeoutMs: 6000,
      heartbeatIntervalMs: 50,
      fetchMaxWaitMs: 50,
      autoCommitIntervalMs: 100,
      ...options,
    }),
  )

async function fill(from: number, to: number): Promise<void> {
  const plain = kafka.producer()
  for (let i = from; i < to; i++) await plain.send('in', { partition: i % 3, value: String(i) })
  await plain.close()
}

type Work = TransactionHandler<Message<Buffer | null, Buffer | null>, Transaction>

/** Sends every message on as it came. */
const copy = (from: Consumer<readonly ['in']>, to: Producer, options?: ProcessTransactionallyOptions) =>
  from.processTransactionally(
    to,
    async (batch, tx) => {
      await tx.send(
        'out',
        [...batch].map(({ value }) => ({ value })),
      )
    },
    options,
  )

const errorOf = (promise: Promise<unknown>): Promise<KafkaError> =>
  promise.then(
    () => {
      throw new Error('It was expected to fail')
    },
    (error: KafkaError) => error,
  )

async function until(condition: () => boolean, what: string): Promise<void> {
  const end = Date.now() + 20_000
  while (!condition()) {
    if (Date.now() > end) throw new Error(`${what}: not within 20 s`)
    await new Promise((resolve) => setTimeout(resolve, 5))
  }
}

/** Values in committed transactions of `out`. */
/** The broker answers the end of a transaction before its markers are written. */
async function settledResults(): Promise<number[]> {
  const isEnding = () => broker.transactions().some(({ state }) => state.startsWith('Prepare'))
  await until(() => !isEnding(), 'the ends of transactions')
  return results()
}

function results(): number[] {
  const committed: number[] = []
  const pending = new Map<bigint, number[]>()
  for (const { marker, producerId, value } of broker.records('out')) {
    if (marker === undefined) pending.set(producerId, [...(pending.get(producerId) ?? []), Number(value)])
    else {
      if (marker === 'commit') committed.push(...(pending.get(producerId) ?? []))
      pending.delete(producerId)
    }
  }
  return committed.sort((a, b) => a - b)
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)
const committedOffsets = () => (broker.group('g')?.offsets ?? []).map(({ offset }) => Number(offset))
const markers = () => broker.records('out').flatMap(({ marker }) => marker ?? [])
describe.each([1, 2] as const)('with transaction.version %i', (version) => {
  beforeEach(() => start(version))

  test('results and positions count together, and the transaction alone commits', async () => {
    await fill(0, 90)
    const one = consumer()
    const running = copy(one, producer())
    await until(() => results().length === 90, 'the results')
    await one.close()
    await running
    expect(await settledResults()).toEqual(numbers(90))
    expect(committedOffsets()).toEqual([30, 30, 30])
    expect(broker.requests.filter({ api: 'OffsetCommit' })).toEqual([])
  })

  test('a round has the messages of several partitions, and not more than maxMessages', async () => {
    await fill(0, 60)
    const sizes: number[] = []
    let partitions = 0
    const one = consumer()
    const running = one.processTransactionally(
      producer(),
      async (batch, tx) => {
        sizes.push(batch.length)
        partitions = Math.max(partitions, batch.batches.length)
        expect(batch.messages).toHaveLength(batch.length)
        await tx.send('out', { value: String(batch.length) })
      },
      { maxMessages: 25, maxWaitMs: 100 },
    )
    await until(() => committedOffsets().join() === '20,20,20', 'the positions')
    await one.close()
    await running
    expect(Math.max(...sizes)).toBeLessThanOrEqual(25)
    expect(sizes.reduce((sum, size) => sum + size)).toBe(60)
    expect(partitions).toBeGreaterThan(1)
  })

  test('a handler that throws aborts its transaction, and the next run has the messages again', async () => {
    await fill(0, 9)
    const one = consumer()
    const tx = producer()
    const failing = one.processTransactionally(tx, async (_, transaction) => {
      await transaction.send('out', { value: '-1' })
      throw new RangeError('no such order')
    })
    const error = await errorOf(failing)
    expect(error).toMatchObject({ code: 'HANDLER_FAILED' })
    expect(error.cause).toBeInstanceOf(RangeError)
    expect(committedOffsets()).toEqual([])
    const running = copy(one, tx)
    await until(() => results().length === 9, 'the results')
    await one.stop()
    await running
    expect(await settledResults()).toEqual(numbers(9))
    expect(markers()[0]).toBe('abort')
  })

  test('nothing is lost by an abort when nothing was committed and reading started at the end', async () => {
    const one = consumer({ startFrom: 'latest', autoCommitIntervalMs: 60_000 })
    const seen: string[] = []
    const work: Work = async (batch, tx) => {
      seen.push(...[...batch].map(({ value }) => String(value)))
      await tx.send('out', { value: '0' })
      if (seen.length === 1) throw new Error('once')
    }
    const tx = producer()
    const failing = errorOf(one.processTransactionally(tx, work))
    await until(() => one.assignment().length === 3, 'the partitions')
    await until(
      () => one.assignment().every((partition) => one.position(partition) !== undefined),
      'positions',
    )
    await fill(0, 1)
    await failing
    const running = one.processTransactionally(tx, work)
    await until(() => seen.length === 2, 'the message')
    await one.stop()
    await running
    expect(seen).toEqual(['0', '0'])
  })

  test('positions behind markers and aborted messages are committed when nothing else comes', async () => {
    const source = producer('source')
    for (let i = 0; i < 3; i++) {
      await source.transaction((tx) => tx.send('in', { partition: 0, value: String(i) }))
    }
    await source
      .transaction(async (tx) => {
        await tx.send('in', { partition: 0, value: '99' })
        throw new Error('changed my mind')
      })
      .catch(() => {})
    const end = () => broker.partition('in', 0).highWatermark
    const one = consumer()
    const running = copy(one, producer())
    const committed = () => broker.group('g')?.offsets.find(({ partition }) => partition === 0)?.offset
    await until(() => end() === 8n && committed() === 8n, 'the position behind the last marker')
    await one.close()
    await running
    expect(await settledResults()).toEqual([0, 1, 2])
  })

  test('a fenced producer ends the run for good, and leaves nothing visible', async () => {
    await fill(0, 6)
    const one = consumer()
    const running = one.processTransactionally(producer(), async (_, tx) => {
      await tx.send('out', { value: '-1' })
      await producer().connect()
    })
    expect(await errorOf(running)).toBeInstanceOf(FencedError)
    await one.close()
    expect(await settledResults()).toEqual([])
    expect(committedOffsets()).toEqual([])
  })

  test.each([
    ['TxnOffsetCommit', 'ILLEGAL_GENERATION'],
    ['TxnOffsetCommit', 'UNKNOWN_MEMBER_ID'],
    ['TxnOffsetCommit', 'REBALANCE_IN_PROGRESS'],
    ['TxnOffsetCommit', 'TRANSACTION_ABORTABLE'],
    ['TxnOffsetCommit', 'COORDINATOR_LOAD_IN_PROGRESS'],
    ['TxnOffsetCommit', 'NOT_COORDINATOR'],
    ['EndTxn', 'NOT_COORDINATOR'],
    ['EndTxn', 'CONCURRENT_TRANSACTIONS'],
    ['EndTxn', 'TRANSACTION_ABORTABLE'],
    ['InitProducerId', 'COORDINATOR_NOT_AVAILABLE'],
    ['Produce', 'NOT_LEADER_OR_FOLLOWER'],
  ] as const)('X6: after %s with %s the messages are processed, once', async (api, code) => {
    await fill(0, 30)
    broker.faults.fail(api, code, { times: 1 })
    const one = consumer()
    const running = copy(one, producer(), { maxMessages: 7 })
    await until(() => results().length >= 30, 'the results')
    await one.close()
    await running
    expect(await settledResults()).toEqual(numbers(30))
    expect(committedOffsets()).toEqual([10, 10, 10])
  })

  test('a lost batch is processed again, with a new epoch', async () => {
    await fill(0, 30)
    broker.faults.failProduce({ topic: 'out', error: 'OUT_OF_ORDER_SEQUENCE_NUMBER', times: 1 })
    const one = consumer()
    const running = copy(one, producer(), { maxMessages: 7 })
    await until(() => results().length >= 30, 'the results')
    await one.close()
    await running
    expect(await settledResults()).toEqual(numbers(30))
  })

  test('a message that the broker refuses for good ends the run', async () => {
    await fill(0, 3)
    broker.faults.failProduce({ topic: 'out', error: 'TOPIC_AUTHORIZATION_FAILED' })
    const one = consumer()
    const unawaited = one.processTransactionally(producer(), (batch, tx) => {
      for (const { value } of batch) tx.send('out', { value }).catch(() => {})
    })
    expect(await errorOf(unawaited)).toMatchObject({ code: 'TOPIC_AUTHORIZATION_FAILED' })
    expect(await settledResults()).toEqual([])
    expect(committedOffsets()).toEqual([])
  })

  test('T6: a commit without any answer is asked for until its outcome is known', async () => {
    await fill(0, 30)
    const heal = broker.faults.dropResponse('EndTxn')
    const one = consumer()
    const running = copy(one, producer('tx', { deliveryTimeoutMs: 400, lingerMs: 0 }), { maxMessages: 7 })
    const commits = () => broker.requests.filter({ api: 'EndTxn' })
    await until(() => commits().length >= 4, 'repeated commits')
    expect(commits().every(({ request }) => (request as { committed: boolean }).committed)).toBe(true)
    heal()
    await until(() => results().length >= 30, 'the results')
    await one.close()
    await running
    expect(await settledResults()).toEqual(numbers(30))
    expect(new Set(markers())).toEqual(new Set(['commit']))
  })

  test('X3: where the outcome stayed unknown the next run goes on from what the group has, not from its own position', async () => {
    await fill(0, 9)
    const heal = broker.faults.dropResponse('EndTxn')
    const one = consumer()
    const first = producer('tx', { deliveryTimeoutMs: 400 })
    const failure = errorOf(copy(one, first))
    await until(() => broker.requests.filter({ api: 'EndTxn' }).length >= 2, 'a commit')
    await first.close({ timeoutMs: 0 })
    expect(await failure).toMatchObject({ code: 'CLOSED' })
    heal()
    const running = copy(one, producer('tx'))
    await fill(9, 12)
    await until(() => results().length >= 12, 'the results')
    await one.stop()
    await running
    expect(await settledResults()).toEqual(numbers(12))
  })

  test('a close that cannot learn the outcome rejects with it, and commits nothing else', async () => {
    await fill(0, 3)
    broker.faults.closeBefore('EndTxn')
    const one = consumer()
    const failure = errorOf(copy(one, producer('tx', { deliveryTimeoutMs: 300 })))
    await until(() => broker.requests.filter({ api: 'EndTxn' }).length >= 2, 'a commit')
    await one.close({ timeoutMs: 200 })
    expect(await failure).toMatchObject({ code: 'TRANSACTION_OUTCOME_UNKNOWN' })
    expect(broker.requests.filter({ api: 'OffsetCommit' })).toEqual([])
  })

  test.each([['cooperative-sticky'], ['range']] as const)(
    'G8, X5: members with %s that come and go in the middle of rounds neither lose nor repeat a message',
    async (assignor) => {
      const count = 240
      const feeding = fill(0, count)
      const members: Consumer<readonly ['in']>[] = []
      const runs: Promise<void>[] = []
      const join = (name: string) => {
        const member = consumer({ assignors: [assignor] })
        members.push(member)
        runs.push(
          member.processTransactionally(
            producer(name),
            async (batch, tx) => {
              for (const { value } of batch) {
                await new Promise((resolve) => setTimeout(resolve, 2))
                void tx.send('out', { value }).catch(() => {})
              }
            },
            { maxMessages: 15 },
          ),
        )
      }
      join('a')
      await until(() => results().length > 10, 'the first results')
      join('b')
      await until(() => results().length > 60, 'results of two')
      join('c')
      await until(() => results().length > 120, 'results of three')
      await members[0]?.close()
      await feeding
      await until(() => results().length >= count, 'all results')
      await Promise.all(members.map((member) => member.close()))
      await Promise.all(runs)
      expect(await settledResults()).toEqual(numbers(count))
      expect(committedOffsets()).toEqual([80, 80, 80])
    },
  )

  test('X5: a round whose partitions were lost meanwhile is aborted, and its handler is told', async () => {
    await fill(0, 3)
    const one = consumer({ maxPollIntervalMs: 300, rebalanceTimeoutMs: 300 })
    let signals = 0
    const running = one.processTransactionally(
      producer(),
      async (batch, tx, { signal }) => {
        await tx.send(
          'out',
          [...batch].map(({ value }) => ({ value })),
        )
        if (signals > 0) return
        await new Promise((resolve) => signal.addEventListener('abort', resolve))
        signals++
      },
      { maxWaitMs: 100 },
    )
    await until(() => results().length >= 3, 'the results')
    await one.close()
    await running
    expect(signals).toBe(1)
    expect(markers()).toContain('abort')
    expect(await settledResults()).toEqual([0, 1, 2])
  })

  test('a revocation waits for the transaction under way', async () => {
    await fill(0, 3)
    const order: string[] = []
    const one = consumer({ assignors: ['range'], onPartitionsRevoked: () => void order.push('revoked') })
    const running = one.processTransactionally(
      producer(),
      async (batch, tx) => {
        await tx.send(
          'out',
          [...batch].map(({ value }) => ({ value })),
        )
        order.push('handled')
        void consumer({ assignors: ['range'] }).connect()
        await until(() => broker.group('g')?.state === 'PreparingRebalance', 'the rebalance')
        await new Promise((resolve) => setTimeout(resolve, 200))
      },
      { maxWaitMs: 100 },
    )
    await until(() => order.includes('revoked'), 'the revocation')
    expect(order).toEqual(['handled', 'revoked'])
    expect(await settledResults()).toEqual([0, 1, 2])
    await one.close()
    await running
  })

  test('the signal ends the processing after the transaction under way', async () => {
    await fill(0, 3)
    const done = new AbortController()
    const one = consumer()
    await one.processTransactionally(
      producer(),
      async (_, tx) => {
        await tx.send('out', { value: '7' })
        done.abort()
      },
      { signal: done.signal, maxWaitMs: 100 },
    )
    await until(() => results().length > 0, 'the result')
    expect(await settledResults()).toEqual([7])
  })

  test('partitions that are given by hand are processed under a group id as well', async () => {
    await fill(0, 6)
    const one = keep(
      kafka.consumer({
        groupId: 'by hand',
        assign: [{ topic: 'in', partition: 0 }],
        startFrom: 'earliest',
        isolationLevel: 'read_committed',
      }),
    )
    const running = one.processTransactionally(producer(), async (batch, tx) => {
      for (const { value } of batch) await tx.send('out', { value: value as Buffer })
    })
    await until(() => results().length === 2, 'the results')
    await one.close()
    await running
    expect(broker.group('by hand')?.offsets).toMatchObject([{ partition: 0, offset: 2n }])
  })

  test('a consumer or producer with which nothing can be promised is refused', async () => {
    const uncommitted = consumer({ isolationLevel: 'read_uncommitted' })
    const error = await errorOf(copy(uncommitted, producer()))
    expect(error).toBeInstanceOf(InvalidOptionError)
    expect(error.message).toContain("make it 'read_committed'")
    const withoutGroup = keep(
      kafka.consumer({ assign: [{ topic: 'in', partition: 0 }], isolationLevel: 'read_committed' }),
    )
    await expect(withoutGroup.processTransactionally(producer(), () => {})).rejects.toThrow(
      "needs a 'groupId'",
    )
    await fill(0, 1)
    const plain = keep(kafka.producer())
    await expect(copy(consumer(), plain)).rejects.toMatchObject({ code: 'INVALID_TXN_STATE' })
  })
})

test('coordinators that move in the middle lose and repeat nothing', async () => {
  broker = await createCluster({
    brokers: 3,
    network: 'memory',
    logger: silent,
    topics: topics.map((topic) => ({ ...topic, replicationFactor: 3 })),
  })
  kafka = new Kafka({ ...broker.clientOptions(), logger: silent, retryBackoffMs: 10, requestTimeoutMs: 500 })
  const feeding = fill(0, 300)
  const one = consumer()
  const running = copy(one, producer('tx', { maxBlockMs: 20_000, deliveryTimeoutMs: 20_000 }), {
    maxMessages: 10,
  })
  for (const id of broker.brokerIds) {
    const before = results().length
    await until(() => results().length > before, 'progress')
    await broker.stopBroker(id)
    await broker.startBroker(id)
  }
  await feeding
  await until(() => results().length >= 300, 'the results')
  await one.close()
  await running
  expect(await settledResults()).toEqual(numbers(300))
}, 60_000)
