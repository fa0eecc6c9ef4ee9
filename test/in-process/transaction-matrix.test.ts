// Guards what the rows of transactions say beyond single errors: states, upgrades, timeouts, order of requests, and what readers see.
import {
  FencedError,
  Kafka,
  type KafkaError,
  type Producer,
  type ProducerOptions,
  type Transaction,
} from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createBroker, simulate, type BrokerApiName, type TestCluster } from '../../src/testing'
import { errorOf, until } from './support/case-runner'
import { committedValues, storedValues, transactionsEnded } from './support/committed-view'

// Hundreds of cases at once, on machines that may have other things to do.
jest.setTimeout(20_000)

let broker: TestCluster
const open: Producer[] = []

async function start(version: 1 | 2, partitions = 3): Promise<void> {
  broker = await createBroker({
    network: 'memory',
    logger: silentLogger,
    seed: 1,
    topics: [{ name: 't', partitions }],
  })
  broker.setFeature('transaction.version', version)
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((producer) => producer.close({ timeoutMs: 100 })))
  expect(broker.failures).toEqual([])
  await broker.close()
})

function clientOf(options: Partial<ConstructorParameters<typeof Kafka>[0]> = {}): Kafka {
  const timing = { retryBackoffMs: 5, retryBackoffMaxMs: 20, reconnectBackoffMs: 1, requestTimeoutMs: 300 }
  return new Kafka({ ...broker.clientOptions(), logger: silentLogger, ...timing, ...options })
}

function producerOf(options: ProducerOptions = {}, kafka = clientOf()): Producer {
  const made = kafka.producer({
    transactionalId: 'tx',
    maxBlockMs: 3000,
    deliveryTimeoutMs: 3000,
    ...options,
  })
  open.push(made)
  return made
}

const asked = (api: BrokerApiName) => broker.requests.filter({ api })
const codeOf = async (promise: Promise<unknown>) => ((await errorOf(promise)) as KafkaError | undefined)?.code
const allCommitted = (partitions = 3) =>
  Array.from({ length: partitions }, (_, partition) => committedValues(broker, 't', partition)).flat()

describe.each([1, 2] as const)('transaction.version %i', (version) => {
  beforeEach(() => start(version))

  test('T2: what each state allows, and what it refuses with a word about the way out', async () => {
    const calls = {
      send: (tx: Transaction) => tx.send('t', { value: 'x' }),
      sendOffsets: (tx: Transaction) =>
        tx.sendOffsets([{ topic: 't', partition: 0, offset: 1n }], { groupId: 'g' }),
      commit: (tx: Transaction) => tx.commit(),
    }
    // abortableError: only an abort leads on.
    const producer = producerOf()
    const tx = await producer.beginTransaction()
    broker.faults.failProduce({ topic: 't', error: 'TOPIC_AUTHORIZATION_FAILED', times: 1 })
    expect(await codeOf(tx.send('t', { value: 'x' }))).toBe('TOPIC_AUTHORIZATION_FAILED')
    expect(await codeOf(calls.send(tx))).toBe('INVALID_TXN_STATE')
    expect(await codeOf(calls.sendOffsets(tx))).toBe('INVALID_TXN_STATE')
    expect(await codeOf(calls.commit(tx))).toBe('TOPIC_AUTHORIZATION_FAILED')
    expect(await codeOf(producer.beginTransaction())).toBe('INVALID_TXN_STATE')
    await tx.abort()
    // ready: nothing can be done with the transaction that is over.
    for (const call of Object.values(calls)) expect(await codeOf(call(tx))).toBe('INVALID_TXN_STATE')
    await tx.abort()
    // fatalError: only close.
    const next = await producer.beginTransaction()
    broker.faults.failProduce({ topic: 't', error: 'INVALID_PRODUCER_ID_MAPPING', times: 1 })
    expect(await codeOf(calls.send(next))).toBe('INVALID_PRODUCER_ID_MAPPING')
    for (const call of [...Object.values(calls), (one: Transaction) => one.abort()]) {
      expect(await codeOf(call(next))).toBe('INVALID_PRODUCER_ID_MAPPING')
    }
    expect(await codeOf(producer.beginTransaction())).toBe('INVALID_PRODUCER_ID_MAPPING')
    await producer.close()
  })

  test('T1: every request of a producer that was taken over ends in a fence, and none of its messages is seen', async () => {
    const old = producerOf()
    const zombie = await old.beginTransaction()
    await zombie.send('t', { partition: 0, value: 'zombie' })
    await producerOf().connect()
    const late = await codeOf(zombie.send('t', { partition: 0, value: 'zombie' }))
    expect(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED']).toContain(late)
    expect(await errorOf(zombie.abort())).toBeInstanceOf(FencedError)
    expect(await errorOf(old.beginTransaction())).toBeInstanceOf(FencedError)

    const other = producerOf({ transactionalId: 'other' })
    const offsets = await other.beginTransaction()
    await producerOf({ transactionalId: 'other' }).connect()
    const sent = offsets.sendOffsets([{ topic: 't', partition: 0, offset: 1n }], { groupId: 'g' })
    expect(await errorOf(sent)).toBeInstanceOf(FencedError)
    await transactionsEnded(broker)
    expect(allCommitted()).toEqual([])
    expect(broker.group('g')?.offsets ?? []).toEqual([])
  })

  test('T4 X2: the end of the last transaction is waited for in steps of 20 ms at first', async () => {
    const producer = producerOf()
    await producer.transaction((tx) => tx.send('t', { partition: 0, value: 'a' }))
    await transactionsEnded(broker)
    broker.requests.clear()
    const api = version === 1 ? 'AddPartitionsToTxn' : 'EndTxn'
    broker.faults.fail(api, 'CONCURRENT_TRANSACTIONS', { times: 4 })
    await producer.transaction((tx) => tx.send('t', { partition: 0, value: 'b' }))
    const times = asked(api).map(({ at }) => at)
    const gaps = times.slice(1, 5).map((at, i) => at - (times[i] as number))
    expect(gaps).toHaveLength(4)
    for (const gap of gaps) {
      expect(gap).toBeGreaterThan(17)
      expect(gap).toBeLessThan(150)
    }
  })

  test('T7: a commit waits for offsets that nobody awaited, and fails with them', async () => {
    const producer = producerOf()
    broker.faults.delay('TxnOffsetCommit', 50, { times: 1 })
    const offsets = (offset: bigint) => [{ topic: 't', partition: 0, offset }]
    await producer.transaction(async (tx) => void tx.sendOffsets(offsets(7n), { groupId: 'g' }))
    await transactionsEnded(broker)
    expect(broker.group('g')?.offsets.map(({ offset }) => offset)).toEqual([7n])

    broker.faults.fail('TxnOffsetCommit', 'ILLEGAL_GENERATION', { times: 1 })
    const failing = producer.transaction(async (tx) => {
      await tx.send('t', { partition: 0, value: 'x' })
      tx.sendOffsets(offsets(8n), { groupId: 'g' }).catch(() => {})
    })
    expect(await codeOf(failing)).toBe('ILLEGAL_GENERATION')
    await transactionsEnded(broker)
    expect(allCommitted()).toEqual([])
    expect(broker.group('g')?.offsets.map(({ offset }) => offset)).toEqual([7n])
  })

  test('T8: a message whose fate is not known ends in an abort that the coordinator is asked for', async () => {
    const producer = producerOf({ deliveryTimeoutMs: 400, requestTimeoutMs: 200 })
    const tx = await producer.beginTransaction()
    const heal = broker.faults.dropResponse('Produce')
    expect(await codeOf(tx.send('t', { partition: 0, value: 'lost' }))).toBe('DELIVERY_TIMEOUT')
    heal()
    await tx.abort({ timeoutMs: 3000 })
    expect(asked('EndTxn')).not.toHaveLength(0)
    await producer.transaction((next) => next.send('t', { partition: 0, value: 'next' }), { timeoutMs: 3000 })
    await transactionsEnded(broker)
    expect(committedValues(broker, 't', 0)).toEqual(['next'])
    expect(storedValues(broker, 't', 0)).toEqual(['lost', 'next'])
  })

  test('P7: a batch that expired on its way makes the transaction abortable, and the next one whole', async () => {
    const producer = producerOf({ deliveryTimeoutMs: 300, requestTimeoutMs: 200, batchSizeBytes: 1 })
    for (let round = 0; round < 3; round++) {
      const tx = await producer.beginTransaction()
      await tx.send('t', { partition: 0, value: `${round} aborted` })
      const heal = broker.faults.dropResponse('Produce')
      const codes = await Promise.all(
        [1, 2, 3].map(() => codeOf(tx.send('t', { partition: 0, value: 'lost' }))),
      )
      expect(codes[0]).toBe('DELIVERY_TIMEOUT')
      heal()
      await tx.abort({ timeoutMs: 3000 })
      await producer.transaction((next) => next.send('t', { partition: 0, value: `${round}` }), {
        timeoutMs: 3000,
      })
    }
    await transactionsEnded(broker)
    expect(committedValues(broker, 't', 0)).toEqual(['0', '1', '2'])
  })

  test('X8 R11: sequences of a transaction start at 0 with a new epoch, or go on under the old one', async () => {
    const producer = producerOf()
    for (let i = 0; i < 3; i++) {
      await producer.transaction(async (tx) => {
        for (let k = 0; k < 2; k++) await tx.send('t', { partition: 0, value: `${i}${k}` })
      })
    }
    const records = broker.records('t', 0).filter(({ marker }) => marker === undefined)
    const first = records[0]?.producerEpoch ?? 0
    expect(records.map(({ producerEpoch, sequence }) => [producerEpoch - first, sequence])).toEqual(
      version === 1
        ? [0, 1, 2, 3, 4, 5].map((sequence) => [0, sequence])
        : [0, 0, 1, 1, 2, 2].map((epoch, i) => [epoch, i % 2]),
    )
  })

  test('X9: while the end is under way nothing is added to the transaction', async () => {
    const producer = producerOf()
    const tx = await producer.beginTransaction()
    await tx.send('t', { partition: 0, value: 'a' })
    broker.faults.delay('EndTxn', 60, { times: 1 })
    const commit = tx.commit()
    await until(() => asked('EndTxn').length > 0, 'the end is asked for').catch(() => {})
    expect(await codeOf(tx.send('t', { partition: 1, value: 'b' }))).toBe('INVALID_TXN_STATE')
    expect(await codeOf(tx.sendOffsets([{ topic: 't', partition: 0, offset: 1n }], { groupId: 'g' }))).toBe(
      'INVALID_TXN_STATE',
    )
    await commit
    await transactionsEnded(broker)
    expect(allCommitted()).toEqual(['a'])
  })

  test('T5: a coordinator that moves in the middle is followed', async () => {
    await broker.close()
    const { createCluster } = await import('../../src/testing')
    const cluster = await createCluster({ brokers: 3, network: 'memory', logger: silentLogger, seed: 1 })
    broker = cluster
    cluster.setFeature('transaction.version', version)
    cluster.createTopic('t', { partitions: 3, replicationFactor: 3 })
    const producer = producerOf({ deliveryTimeoutMs: 10_000, maxBlockMs: 10_000 })
    for (const id of cluster.brokerIds) {
      await producer.transaction(async (tx) => {
        await tx.send('t', { partition: 0, value: `${id}a` })
        await cluster.stopBroker(id)
        await tx.send('t', { partition: 1, value: `${id}b` })
      })
      await cluster.startBroker(id)
    }
    await transactionsEnded(broker)
    expect(committedValues(broker, 't', 0)).toEqual(['1a', '2a', '3a'])
    expect(committedValues(broker, 't', 1)).toEqual(['1b', '2b', '3b'])
  }, 20_000)

  test('T11: read_committed shows whole transactions only, through small fetches, compaction or not', async () => {
    const names = ['one', 'two', 'three']
    const producers = names.map((transactionalId) => producerOf({ transactionalId }))
    const expected: string[] = []
    await Promise.all(
      producers.map(async (producer, at) => {
        for (let i = 0; i < 8; i++) {
          const values = Array.from({ length: 5 }, (_, k) => `${names[at]}-${i}-${k}`)
          const tx = await producer.beginTransaction()
          for (const value of values)
            await tx.send('t', { partition: 0, key: value, value: value.padEnd(60, '.') })
          if ((i + at) % 2 === 0) {
            await tx.commit()
            expected.push(...values)
          } else await tx.abort()
        }
      }),
    )
    await transactionsEnded(broker)
    const left = await producerOf({ transactionalId: 'open' }).beginTransaction()
    await left.send('t', { partition: 0, value: 'open' })
    const consumer = clientOf().consumer({
      assign: [{ topic: 't', partition: 0, startFrom: 'earliest' }],
      isolationLevel: 'read_committed',
      maxPartitionFetchBytes: 200,
      fetchMaxWaitMs: 20,
    })
    const seen: string[] = []
    const done = new AbortController()
    const run = consumer.run((message) => void seen.push(String(message.rawValue).replaceAll('.', '')), {
      signal: done.signal,
    })
    await until(() => seen.length >= expected.length, 'all that was committed is read')
    await new Promise((resolve) => setTimeout(resolve, 60))
    done.abort()
    await run
    await consumer.close()
    expect([...seen].sort()).toEqual([...expected].sort())
    for (const name of names) {
      const own = (values: string[]) => values.filter((value) => value.startsWith(`${name}-`))
      expect(own(seen)).toEqual(own(expected))
    }
    await left.abort()
  })
})

/** Waits for a new connection, with which a client learns what is finalized. */
async function learnFeatures(producer: Producer): Promise<void> {
  broker.requests.clear()
  await producer.partitionsFor('t')
  await producer.connect()
  await broker.requests.waitFor('ApiVersions')
  await producer.connect()
}

test('T3 X1: a producer that begins under level 1 goes over to level 2 when the cluster does, and back', async () => {
  await start(1)
  const producer = producerOf()
  const run = async (name: string) => {
    for (let i = 0; i < 2; i++)
      await producer.transaction((tx) => tx.send('t', { partition: 0, value: `${name}${i}` }))
  }
  await run('before ')
  expect(asked('AddPartitionsToTxn').length).toBeGreaterThanOrEqual(2)
  broker.setFeature('transaction.version', 2)
  broker.cutConnections()
  await learnFeatures(producer)
  await run('upgraded ')
  broker.requests.clear()
  await run('level 2 ')
  expect(asked('AddPartitionsToTxn')).toHaveLength(0)
  expect(asked('EndTxn').map(({ version }) => version)).toEqual([5, 5])
  broker.setFeature('transaction.version', 1)
  broker.cutConnections()
  await learnFeatures(producer)
  await run('downgraded ')
  broker.requests.clear()
  await run('level 1 ')
  expect(Math.max(...asked('EndTxn').map(({ version }) => version))).toBe(4)
  await transactionsEnded(broker)
  const names = ['before ', 'upgraded ', 'level 2 ', 'downgraded ', 'level 1 ']
  expect(committedValues(broker, 't', 0)).toEqual(names.flatMap((name) => [`${name}0`, `${name}1`]))
})

test('T3: with the upgrade the epoch is raised once by InitProducerId, before the first transaction of the new kind', async () => {
  await start(1)
  const producer = producerOf()
  await producer.transaction((tx) => tx.send('t', { partition: 0, value: 'a' }))
  broker.setFeature('transaction.version', 2)
  broker.cutConnections()
  await learnFeatures(producer)
  await producer.transaction((tx) => tx.send('t', { partition: 0, value: 'b' }))
  await producer.transaction((tx) => tx.send('t', { partition: 0, value: 'c' }))
  const known = asked('InitProducerId').map(
    ({ request }) => (request as { producerEpoch: number }).producerEpoch,
  )
  // More than once while the last transaction of the old kind is being ended.
  expect([...new Set(known)]).toEqual([0])
  await transactionsEnded(broker)
  const epochs = broker.records('t', 0).filter(({ marker }) => marker === undefined)
  expect(epochs.map(({ value, producerEpoch }) => `${String(value)}${producerEpoch}`)).toEqual([
    'a0',
    'b1',
    'c2',
  ])
})

test.each([1, 2] as const)(
  'T10: a transaction that outlives its timeout is aborted by the broker, transaction.version %i',
  async (version) => {
    await start(version)
    await simulate(7, async (sim) => {
      sim.cluster.createTopic('t', { partitions: 1, replicationFactor: 1 })
      sim.cluster.setFeature('transaction.version', version)
      const kafka = new Kafka({ ...sim.clientOptions(), logger: silentLogger })
      const slow = kafka.producer({ transactionalId: 'slow', transactionTimeoutMs: 1000 })
      const tx = await slow.beginTransaction()
      await tx.send('t', { value: 'late' })
      await sim.sleep(15_000)
      const error = await errorOf(tx.send('t', { value: 'later' }))
      expect(['INVALID_PRODUCER_EPOCH', 'PRODUCER_FENCED', 'INVALID_TXN_STATE']).toContain(
        (error as KafkaError).code,
      )
      // KIP-890: an abort that follows on the broker's own is taken for the repetition of it, and the producer goes on.
      if (version === 2) {
        await tx.abort()
        await slow.transaction((one) => one.send('t', { value: 'recovered' }))
      } else expect(await errorOf(tx.abort())).toBeInstanceOf(FencedError)
      const next = kafka.producer({ transactionalId: 'slow' })
      await next.transaction((one) => one.send('t', { value: 'in time' }))
      await sim.sleep(100)
      const recovered = version === 2 ? ['recovered'] : []
      expect(committedValues(sim.cluster, 't', 0)).toEqual([...recovered, 'in time'])
      await Promise.all([slow.close(), next.close()])
    })
  },
)
