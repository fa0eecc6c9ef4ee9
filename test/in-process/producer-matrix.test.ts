// Guards each row of the producer's semantics on a whole broker: order, sequences, time limits, leaders, sizes, placement.
import { createHash } from 'node:crypto'
import { Kafka, type KafkaError, type Producer, type ProducerOptions } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createCluster, simulate, type TestCluster } from '../../src/testing'
import { bounded, errorOf, until } from './support/case-runner'
import { storedValues } from './support/committed-view'

// Hundreds of cases at once, on machines that may have other things to do.
jest.setTimeout(20_000)

let broker: TestCluster
const open: { close(options?: { timeoutMs?: number }): Promise<void> }[] = []

type KafkaOptions = Partial<ConstructorParameters<typeof Kafka>[0]>

async function start(brokers = 1, partitions = 1, configs: Record<string, string> = {}): Promise<void> {
  broker = await createCluster({ brokers, network: 'memory', logger: silentLogger, seed: 1 })
  broker.createTopic('t', { partitions, replicationFactor: brokers, configs })
}
afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close({ timeoutMs: 200 })))
  expect(broker.failures).toEqual([])
  await broker.close()
})

function producerOf(options: ProducerOptions = {}, client: KafkaOptions = {}): Producer {
  const timing = { retryBackoffMs: 2, retryBackoffMaxMs: 20, reconnectBackoffMs: 1, reconnectBackoffMaxMs: 1 }
  const kafka = new Kafka({
    ...broker.clientOptions(),
    logger: silentLogger,
    requestTimeoutMs: 1000,
    ...timing,
    ...client,
  })
  const producer = kafka.producer({ maxBlockMs: 5000, deliveryTimeoutMs: 5000, ...options })
  open.push(producer)
  return producer
}

const values = (count: number, from = 0) => Array.from({ length: count }, (_, i) => String(from + i))
const sendAll = (producer: Producer, all: readonly string[], partition = 0) =>
  Promise.all(all.map((value) => producer.send('t', { partition, value })))
const codeOf = async (promise: Promise<unknown>) => ((await errorOf(promise)) as KafkaError | undefined)?.code
const log = (partition = 0) => storedValues(broker, 't', partition)

test('P1 R3: two hundred lost answers, some of several in flight, leave everything once and in order', async () => {
  await start()
  const producer = producerOf({ batchSizeBytes: 1 })
  await sendAll(producer, ['first'])
  let asked = 0
  broker.on(
    'Produce',
    (_, exchange) => (++asked % 3 === 0 ? exchange.close({ after: 'acting' }) : undefined),
    {
      times: 200,
    },
  )
  const all = values(400)
  for (let at = 0; at < all.length; at += 10) await sendAll(producer, all.slice(at, at + 10))
  expect(log()).toEqual(['first', ...all])
})

test('P1 R3: of five in flight the first is refused: all go again with their sequences, in order', async () => {
  await start()
  const producer = producerOf({ batchSizeBytes: 1 })
  await sendAll(producer, ['0'])
  broker.requests.clear()
  broker.faults.failProduce({ error: 'REQUEST_TIMED_OUT', times: 1 })
  await sendAll(producer, ['1', '2', '3', '4', '5'])
  expect(log()).toEqual(['0', '1', '2', '3', '4', '5'])
  const records = broker.records('t', 0)
  expect(records.map(({ sequence, producerEpoch }) => [sequence, producerEpoch])).toEqual(
    [0, 1, 2, 3, 4, 5].map((sequence) => [sequence, 0]),
  )
  // Five at once, then one after another until the first is in.
  expect(broker.requests.filter({ api: 'Produce' }).length).toBeGreaterThanOrEqual(9)
})

test('P5 R9: a broker that lost the state of a producer is told a new epoch, and order goes on', async () => {
  await start()
  const producer = producerOf({ batchSizeBytes: 1 })
  for (let round = 0; round < 5; round++) {
    await sendAll(producer, values(5, round * 5))
    broker.faults.failProduce({ error: 'OUT_OF_ORDER_SEQUENCE_NUMBER', times: 1 })
  }
  await sendAll(producer, values(1, 25))
  expect(log()).toEqual(values(26))
  expect(broker.records('t', 0).at(-1)?.producerEpoch).toBe(5)
})

test.each([
  ['-1: it is asked again as it is', -1n, 0, 1],
  ['behind what was acknowledged: sequences start again', 5n, 1, 0],
  ['before it: the epoch is raised', 0n, 1, 0],
] as const)(
  'P6: an unknown producer id with a log start offset of %s',
  async (_, logStartOffset, epoch, sequence) => {
    await start()
    const producer = producerOf()
    await sendAll(producer, ['a'])
    broker.once('Produce', ({ topicData }) => ({
      throttleTimeMs: 0,
      responses: topicData.map(({ name, topicId }) => ({
        name,
        topicId,
        partitionResponses: [{ index: 0, errorCode: 59, baseOffset: -1n, logStartOffset }],
      })),
    }))
    await sendAll(producer, ['b'])
    expect(log()).toEqual(['a', 'b'])
    expect(broker.records('t', 0).at(-1)).toMatchObject({ producerEpoch: epoch, sequence })
  },
)

test('P6: a producer whose state expired while its records were deleted simply goes on', async () => {
  await start(1, 1, { 'retention.bytes': '1', 'segment.bytes': '1048576' })
  const producer = producerOf()
  const admin = new Kafka({ ...broker.clientOptions(), logger: silentLogger }).admin()
  open.push(admin)
  for (let round = 0; round < 4; round++) {
    await sendAll(producer, values(3, round * 3))
    await admin.deleteRecords([{ topic: 't', partition: 0, beforeOffset: BigInt(round * 3 + 3) }])
  }
  await sendAll(producer, ['last'])
  expect(log()).toEqual(['last'])
})

test('P7 R17: a black hole ends every message in time, whether it was sent or not; healed, the next ones arrive once', async () => {
  await start()
  const limits = {
    deliveryTimeoutMs: 300,
    batchSizeBytes: 1,
    maxInFlightRequestsPerConnection: 2,
    requestTimeoutMs: 200,
  }
  const producer = producerOf(limits, { requestTimeoutMs: 200 })
  await sendAll(producer, ['before'])
  broker.pauseBroker(1)
  const startedAt = performance.now()
  const failures = await Promise.all(
    values(6).map(async (value) => {
      const error = await errorOf(producer.send('t', { partition: 0, value }))
      return { ...(error as KafkaError & { maybeStored: boolean }), tookMs: performance.now() - startedAt }
    }),
  )
  for (const { code, tookMs } of failures) {
    expect(code).toBe('DELIVERY_TIMEOUT')
    expect(tookMs).toBeGreaterThan(250)
    expect(tookMs).toBeLessThan(300 + 200 + 250)
  }
  // R17: those that never left say so.
  expect(failures[0]?.maybeStored).toBe(true)
  expect(failures.at(-1)?.maybeStored).toBe(false)
  broker.resumeBroker(1)
  const after = values(20, 100)
  const late = after.map((value) => producer.send('t', { partition: 0, value }).catch(() => value))
  const lost = (await Promise.all(late)).filter((one) => typeof one === 'string')
  const stored = log()
  expect(new Set(stored).size).toBe(stored.length)
  for (const value of after) expect(stored.includes(value) || lost.includes(value)).toBe(true)
  await until(() => producer.bufferedBytes === 0, 'memory is free')
})

test('P8: without memory a call ends after maxBlockMs, with metadata or without, and memory comes back', async () => {
  await start()
  const producer = producerOf({ bufferMemoryBytes: 32_768, maxBlockMs: 150, deliveryTimeoutMs: 2000 })
  await sendAll(producer, ['a'])
  broker.pauseBroker(1)
  const value = 'x'.repeat(10_000)
  const startedAt = performance.now()
  const calls = Array.from({ length: 6 }, () => errorOf(producer.send('t', { partition: 0, value })))
  const blocked = await Promise.race(calls)
  expect((blocked as KafkaError).code).toMatch(/BUFFER|MEMORY|TIMEOUT/)
  expect(performance.now() - startedAt).toBeLessThan(600)
  expect(await codeOf(producer.send('missing', { value: 'x' }))).toMatch(/TIMEOUT|BUFFER|MEMORY/)
  broker.resumeBroker(1)
  await Promise.all(calls)
  await until(() => producer.bufferedBytes === 0, 'memory is free')
  await producer.send('t', { partition: 0, value })
})

test('P9: batches above what the topic takes are split until they fit, and one message above it fails alone', async () => {
  await start(1, 1, { 'max.message.bytes': '2048' })
  const producer = producerOf({ batchSizeBytes: 65_536, lingerMs: 5, compression: 'gzip' })
  const random = (i: number) => createHash('sha512').update(String(i)).digest('hex').repeat(2)
  const messages = Array.from({ length: 120 }, (_, i) =>
    i < 60 ? `${i}-`.padEnd(256, 'a') : `${i}-${random(i)}`,
  )
  const tooLarge = Array.from({ length: 40 }, (_, i) => random(1000 + i)).join('')
  const sent = messages.map((value) => producer.send('t', { partition: 0, value }))
  expect(await codeOf(producer.send('t', { partition: 0, value: tooLarge }))).toBe('MESSAGE_TOO_LARGE')
  await Promise.all(sent)
  await producer.send('t', { partition: 0, value: 'last' })
  expect(log()).toEqual([...messages, 'last'])
  const local = producerOf({ maxRequestSizeBytes: 1000 })
  expect(await codeOf(local.send('t', { value: 'x'.repeat(1200) }))).toBe('MESSAGE_TOO_LARGE')
})

test('P11: an answer that comes after its request timed out reaches nobody, and its message is stored once', async () => {
  await start()
  const producer = producerOf({ requestTimeoutMs: 100 }, { requestTimeoutMs: 100 })
  await sendAll(producer, ['a'])
  broker.faults.delayResponse('Produce', 180, { times: 1 })
  const receipts = await sendAll(producer, ['b', 'c'])
  expect(receipts.map(({ offset }) => Number(offset))).toEqual([1, 2])
  await new Promise((resolve) => setTimeout(resolve, 150))
  await sendAll(producer, ['d'])
  expect(log()).toEqual(['a', 'b', 'c', 'd'])
})

test.each([
  ['named in the answer: without backoff', {}, 400],
  ['not named: after metadata', { max: 9 }, 60_000],
] as const)('P12 R4: a leader that moves under load, %s', async (_, limit, backoffMs) => {
  await start(3)
  if ('max' in limit) broker.limitVersions('Produce', limit)
  const backoff = 'max' in limit ? {} : { retryBackoffMs: backoffMs, retryBackoffMaxMs: backoffMs }
  const producer = producerOf({ batchSizeBytes: 1 }, backoff)
  await sendAll(producer, ['first'])
  const slowest: number[] = []
  const all: string[] = []
  for (let move = 0; move < 9; move++) {
    const batch = values(5, move * 5)
    all.push(...batch)
    const startedAt = performance.now()
    const sent = sendAll(producer, batch)
    broker.moveLeader('t', 0, (move % 3) + 1)
    await sent
    slowest.push(performance.now() - startedAt)
  }
  expect(log()).toEqual(['first', ...all])
  // P12: a stall below 100 ms, where the backoff alone would take 400; the median leaves room for a busy machine.
  expect(slowest.sort((a, b) => a - b)[4]).toBeLessThan(100)
})

test('P13: metadata of an older leader epoch does not take a partition back', async () => {
  await start(3)
  const producer = producerOf()
  await sendAll(producer, ['a'])
  let stale: unknown
  broker.on('Metadata', async (_, exchange) => {
    const response = await exchange.proceed()
    stale ??= response
    return (stale as typeof response) ?? undefined
  })
  await producer.connect()
  const leader = broker.partition('t', 0).leaderId
  broker.moveLeader('t', 0, leader === 1 ? 2 : 1)
  await sendAll(producer, ['b'])
  broker.requests.clear()
  await producer.connect()
  await sendAll(producer, ['c'])
  expect(log()).toEqual(['a', 'b', 'c'])
  expect(broker.requests.filter({ api: 'Produce' }).map(({ brokerId }) => brokerId)).toEqual([
    leader === 1 ? 2 : 1,
  ])
})

test('P14: a topic deleted and created again under load takes messages from sequence 0', async () => {
  await start()
  const producer = producerOf({ allowAutoTopicCreation: false, batchSizeBytes: 1 })
  for (let round = 0; round < 5; round++) {
    await sendAll(producer, values(5, round * 5))
    broker.deleteTopic('t')
    const sent = sendAll(producer, [`during ${round}`])
    broker.createTopic('t', { partitions: 1, replicationFactor: 1 })
    await sent
    expect(log()[0]).toBe(`during ${round}`)
    expect(broker.records('t', 0)[0]?.sequence).toBe(0)
  }
})

test('P15: retries come at distances that double up to a limit, with a jitter of a fifth', async () => {
  await start()
  await simulate(3, async (sim) => {
    sim.cluster.createTopic('t', { partitions: 1, replicationFactor: 1 })
    const kafka = new Kafka({
      ...sim.clientOptions(),
      logger: silentLogger,
      retryBackoffMs: 100,
      retryBackoffMaxMs: 1000,
    })
    const producer = kafka.producer()
    await producer.send('t', { value: 'a' })
    const times: number[] = []
    sim.cluster.on('Produce', () => void times.push(sim.now))
    sim.cluster.faults.failProduce({ error: 'NOT_ENOUGH_REPLICAS', times: 8 })
    await producer.send('t', { value: 'b' })
    const gaps = times.slice(1).map((at, i) => at - (times[i] as number))
    expect(gaps).toHaveLength(8)
    for (const [i, gap] of gaps.entries()) {
      const plain = Math.min(100 * 2 ** i, 1000)
      expect(gap).toBeGreaterThanOrEqual(plain * 0.8 - 2)
      expect(gap).toBeLessThanOrEqual(plain * 1.2 + 5)
    }
    await producer.close()
  })
})

test.each([
  ['', 9],
  ['a', 4],
  ['ab', 2],
  ['abc', 3],
  ['abcd', 8],
  ['foobar', 6],
  ['a-little-bit-long-string', 8],
  ['åäö', 2],
  ['😀', 9],
  ['key-3', 11],
])("P16 P17: key '%s' goes where Java puts it among twelve partitions: %i", async (key, partition) => {
  await start(1, 12)
  const receipt = await producerOf().send('t', { key, value: 'x' })
  expect(receipt.partition).toBe(partition)
  expect(broker.records('t', partition).map((record) => String(record.key))).toEqual([key])
})

test('P17: messages without a key go to partitions with a leader, in whole batches, and to all of those', async () => {
  broker = await createCluster({ brokers: 3, network: 'memory', logger: silentLogger, seed: 1 })
  broker.createTopic('t', { partitions: 6, replicationFactor: 1 })
  await broker.stopBroker(3)
  const leaderless = values(6).filter((i) => [-1, 3].includes(broker.partition('t', Number(i)).leaderId))
  expect(leaderless.length).toBeGreaterThan(0)
  const producer = producerOf({ batchSizeBytes: 1000 })
  const receipts = await Promise.all(
    Array.from({ length: 600 }, () => producer.send('t', { value: 'x'.repeat(80) })),
  )
  const used = new Set(receipts.map((receipt) => String(receipt.partition)))
  for (const partition of leaderless) expect(used.has(partition)).toBe(false)
  expect(used.size).toBe(6 - leaderless.length)
})

test('P18: an explicit partition beyond the count waits until it is there, or fails after maxBlockMs', async () => {
  await start(1, 2)
  const kafka = { metadataMaxAgeMs: 50 }
  const producer = producerOf({ maxBlockMs: 3000 }, kafka)
  await sendAll(producer, ['a'])
  const waiting = producer.send('t', { partition: 3, value: 'd' })
  const admin = new Kafka({ ...broker.clientOptions(), logger: silentLogger }).admin()
  open.push(admin)
  await admin.createPartitions([{ topic: 't', totalCount: 4 }])
  expect((await waiting).partition).toBe(3)
  const impatient = producerOf({ maxBlockMs: 150 })
  expect(await errorOf(impatient.send('t', { partition: 9, value: 'x' }))).toBeDefined()
  await impatient.send('t', { partition: 0, value: 'b' })
})

test('P19 R15 R16: under faults every call settles once; flush and close wait for them and leave nothing', async () => {
  await start(3, 3)
  const producer = producerOf({ batchSizeBytes: 200, lingerMs: 50 }, { requestTimeoutMs: 150 })
  let asked = 0
  broker.on('Produce', (_, exchange) => {
    asked++
    if (asked % 7 === 0) return exchange.close({ after: asked % 2 === 0 ? 'acting' : 'before' })
    return asked % 11 === 0 ? exchange.drop() : undefined
  })
  let settled = 0
  const calls = values(300).map((value, i) =>
    producer.send('t', { partition: i % 3, value }).then(
      () => {
        settled++
        // R15: what a user's code throws here is the user's.
        if (i % 50 === 0) throw new Error('of the user')
      },
      () => void settled++,
    ),
  )
  const outcomes = Promise.allSettled(calls)
  await bounded(producer.flush())
  expect(settled).toBe(300)
  broker.clearFaults()
  const last = producer.send('t', { partition: 0, value: 'last' })
  await producer.close()
  await last
  await outcomes
  for (const partition of [0, 1, 2]) {
    const own = values(300).filter((_, i) => i % 3 === partition)
    expect(log(partition)).toEqual(partition === 0 ? [...own, 'last'] : own)
  }
  expect(producer.bufferedBytes).toBe(0)
  expect(await codeOf(producer.send('t', { value: 'x' }))).toBe('CLOSED')
}, 20_000)

test('P20: sequences count on across batches; headers of null, empty keys and values are as they were given', async () => {
  await start()
  const producer = producerOf({ batchSizeBytes: 300 })
  await sendAll(producer, values(50))
  await producer.send('t', { partition: 0, key: '', value: null, headers: { nothing: null, empty: '' } })
  const records = broker.records('t', 0)
  expect(records.map(({ sequence }) => sequence)).toEqual(records.map((_, i) => i))
  const last = records.at(-1)
  expect([String(last?.key), last?.value]).toEqual(['', null])
  expect(last?.headers.map(({ key, value }) => [String(key), value === null ? null : String(value)])).toEqual(
    [
      ['nothing', null],
      ['empty', ''],
    ],
  )
})

test('P21: in a compacted topic a message without a key fails with its own words, its neighbours as rejected with it', async () => {
  await start(1, 1, { 'cleanup.policy': 'compact' })
  const producer = producerOf({ lingerMs: 5 })
  const codes = await Promise.all(
    ['a', null, 'c'].map((key) => codeOf(producer.send('t', { partition: 0, key, value: 'x' }))),
  )
  expect(codes).toEqual(['BATCH_REJECTED', 'INVALID_RECORD', 'BATCH_REJECTED'])
  await producer.send('t', { partition: 0, key: 'd', value: 'next' })
  expect(log()).toEqual(['next'])
})

test('P21: with LogAppendTime the receipt has the time of the log', async () => {
  await start(1, 1, { 'message.timestamp.type': 'LogAppendTime' })
  const receipt = await producerOf().send('t', { partition: 0, value: 'x', timestamp: 1000 })
  expect(receipt.timestamp).toBe(broker.records('t', 0)[0]?.timestamp)
  expect(receipt.timestamp).toBeGreaterThan(1_600_000_000_000)
})

test('R10: a new epoch that one partition needs leaves the others whole, whatever was in flight', async () => {
  await start(1, 4)
  const producer = producerOf({ batchSizeBytes: 1 })
  await Promise.all([0, 1, 2, 3].map((partition) => sendAll(producer, ['first'], partition)))
  for (let round = 0; round < 4; round++) {
    for (const partition of [0, 1, 2]) {
      broker.faults.failProduce({ partition, error: 'OUT_OF_ORDER_SEQUENCE_NUMBER', times: 1 })
    }
    await Promise.all([0, 1, 2, 3].map((partition) => sendAll(producer, values(5, round * 5), partition)))
  }
  for (const partition of [0, 1, 2, 3]) expect(log(partition)).toEqual(['first', ...values(20)])
})

test('R12 R13: calls at any moment of the producer are sent without anything else that would wake it', async () => {
  await start(1, 3)
  const producer = producerOf({ batchSizeBytes: 100, lingerMs: 1 })
  const moments: ((done: () => void) => unknown)[] = [
    (done) => queueMicrotask(done),
    (done) => process.nextTick(done),
    (done) => setImmediate(done),
    (done) => setTimeout(done, 1),
  ]
  const sent: Promise<unknown>[] = []
  for (let i = 0; i < 600; i++) {
    sent.push(producer.send('t', { partition: i % 3, value: String(i) }))
    if (i % 5 === 0) await new Promise<void>((resolve) => moments[(i / 5) % moments.length]?.(resolve))
  }
  expect(await bounded(Promise.all(sent))).not.toBe('hangs')
  for (const partition of [0, 1, 2]) {
    expect(log(partition)).toEqual(values(600).filter((_, i) => i % 3 === partition))
  }
})

test('R14: a request holds one batch of a partition and no more bytes than it may; every partition gets its turn', async () => {
  await start(1, 8)
  const maxRequestSizeBytes = 4000
  const producer = producerOf({
    batchSizeBytes: 1000,
    maxRequestSizeBytes,
    maxInFlightRequestsPerConnection: 1,
  })
  await Promise.all(values(8).map((partition) => sendAll(producer, ['first'], Number(partition))))
  broker.requests.clear()
  const value = 'x'.repeat(300)
  await Promise.all(Array.from({ length: 160 }, (_, i) => producer.send('t', { partition: i % 8, value })))
  const requests = broker.requests.filter({ api: 'Produce' })
  const sizes = requests.map(({ request }) => {
    const batches = request.topicData.flatMap(({ partitionData }) => partitionData)
    expect(new Set(batches.map(({ index }) => index)).size).toBe(batches.length)
    return batches.reduce((sum, { records }) => sum + (records?.length ?? 0), 0)
  })
  expect(Math.max(...sizes)).toBeLessThanOrEqual(maxRequestSizeBytes)
  expect(Math.max(...sizes)).toBeGreaterThan(maxRequestSizeBytes / 2)
  // About half of the partitions at a time: none waits for more than the others' turn.
  const turns = requests.flatMap(({ request }) =>
    request.topicData.flatMap(({ partitionData }) => partitionData.map(({ index }) => index)),
  )
  for (let partition = 0; partition < 8; partition++) {
    const at = turns.flatMap((index, i) => (index === partition ? [i] : []))
    expect(Math.max(...at.slice(1).map((turn, i) => turn - (at[i] as number)))).toBeLessThanOrEqual(12)
  }
})
