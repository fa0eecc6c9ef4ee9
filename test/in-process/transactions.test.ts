// Guards the promise of transactions (L12): all or nothing, one writer, and an end that is told truly.
import { BrokerError, FencedError, Kafka, type Producer } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createBroker, type BrokerApiName, type TestCluster } from '../../src/testing'
import { rejectionOf } from '../support/rejection'

let broker: TestCluster
let kafka: Kafka
const open: { close(): Promise<void> }[] = []

async function start(transactionVersion: 1 | 2): Promise<void> {
  broker = await createBroker({
    network: 'memory',
    logger: silentLogger,
    topics: [{ name: 't', partitions: 3 }],
  })
  broker.setFeature('transaction.version', transactionVersion)
  kafka = new Kafka({
    ...broker.clientOptions(),
    logger: silentLogger,
    retryBackoffMs: 10,
    requestTimeoutMs: 300,
  })
}

afterEach(async () => {
  await Promise.all(open.splice(0).map((client) => client.close()))
  expect(broker.failures).toEqual([])
  await broker.close()
})

function producer(transactionalId = 'tx', options: Parameters<Kafka['producer']>[0] = {}): Producer {
  const made = kafka.producer({ transactionalId, maxBlockMs: 5000, deliveryTimeoutMs: 5000, ...options })
  open.push(made)
  return made
}

/** Values that read_committed shows, by their partition's order. */
async function visible(): Promise<string[]> {
  const consumer = kafka.consumer({
    assign: [0, 1, 2].map((partition) => ({ topic: 't', partition, startFrom: 'earliest' as const })),
    isolationLevel: 'read_committed',
    fetchMaxWaitMs: 50,
  })
  const seen: string[] = []
  const done = new AbortController()
  const end = setTimeout(() => done.abort(), 400)
  await consumer.run((message) => void seen.push(String(message.value)), { signal: done.signal })
  clearTimeout(end)
  await consumer.close()
  return seen.sort()
}

const markers = () => broker.records('t').flatMap(({ marker }) => (marker === undefined ? [] : [marker]))
/** The broker answers the end of a transaction before its markers are written. */
async function ended(): Promise<void> {
  while (broker.transactions().some(({ state }) => !state.startsWith('Complete'))) {
    await new Promise((resolve) => setImmediate(resolve))
  }
}

const asked = (api: BrokerApiName) => broker.requests.filter({ api })

describe.each([1, 2] as const)('transactions with transaction.version %i', (version) => {
  beforeEach(() => start(version))

  test('T2: what is sent becomes visible with the commit, in all partitions at once', async () => {
    const tx = await producer().beginTransaction()
    await Promise.all([0, 1, 2].map((partition) => tx.send('t', { partition, value: `v${partition}` })))
    expect(await visible()).toEqual([])
    await tx.commit()
    expect(await visible()).toEqual(['v0', 'v1', 'v2'])
    expect(markers()).toEqual(['commit', 'commit', 'commit'])
  })

  test('T7: commit waits for messages that nobody awaited', async () => {
    await producer().transaction(async (tx) => {
      for (let i = 0; i < 20; i++) void tx.send('t', { key: `${i}`, value: `${i}` })
    })
    expect(await visible()).toHaveLength(20)
  })

  test('T2: a function that throws aborts, and its error is the answer', async () => {
    const failing = producer().transaction(async (tx) => {
      await tx.send('t', { value: 'never' })
      throw new RangeError('changed my mind')
    })
    await expect(failing).rejects.toThrow('changed my mind')
    expect(await visible()).toEqual([])
    expect(markers()).toEqual(['abort'])
  })

  test('T7: an abort drops what was not sent, with an error that says so', async () => {
    const arrived = new Promise<void>((resolve) => {
      broker.on('Produce', (_, exchange) => {
        resolve()
        return exchange.delay(100)
      })
    })
    const tx = await producer('tx', { maxInFlightRequestsPerConnection: 1 }).beginTransaction()
    const first = tx.send('t', { partition: 0, value: 'first' })
    await arrived
    const late = rejectionOf(tx.send('t', { partition: 0, value: 'late' }))
    await tx.abort()
    await first
    expect(await late).toMatchObject({ code: 'TRANSACTION_ABORTED', maybeStored: false })
    expect(await visible()).toEqual([])
  })

  test('transactions of one producer follow one another without a gap', async () => {
    const one = producer()
    for (let i = 0; i < 15; i++) {
      await one.transaction((tx) => tx.send('t', { partition: i % 2, value: String(i).padStart(2, '0') }))
    }
    expect(await visible()).toHaveLength(15)
    if (version === 1) expect(asked('AddPartitionsToTxn').length).toBeGreaterThanOrEqual(15)
    else expect(asked('AddPartitionsToTxn')).toHaveLength(0)
  })

  test('T4: partitions of one turn are added by one request', async () => {
    await producer().transaction(async (tx) => {
      await Promise.all([0, 1, 2].map((partition) => tx.send('t', { partition, value: 'x' })))
    })
    expect(asked('AddPartitionsToTxn')).toHaveLength(version === 1 ? 1 : 0)
  })

  test('T8: an empty transaction asks the coordinator for nothing', async () => {
    const one = producer()
    await one.transaction(async () => {})
    await expect(one.transaction(() => Promise.reject(new Error('x')))).rejects.toThrow('x')
    expect(asked('EndTxn')).toHaveLength(0)
  })

  test('T1: a producer that was taken over is fenced for good, and leaves nothing visible', async () => {
    const old = producer()
    const tx = await old.beginTransaction()
    await tx.send('t', { value: 'zombie' })
    await producer().transaction((newer) => newer.send('t', { value: 'newer' }))
    expect(await rejectionOf(tx.commit())).toBeInstanceOf(FencedError)
    expect(await rejectionOf(old.beginTransaction())).toBeInstanceOf(FencedError)
    expect(await rejectionOf(old.send('t', { value: 'again' }))).toBeInstanceOf(FencedError)
    expect(await visible()).toEqual(['newer'])
  })

  test('T1: a function that sends for a producer that was taken over rejects with the fence, not with the batch', async () => {
    const old = producer()
    const sending = old.transaction(async (tx) => {
      await producer().transaction((newer) => newer.send('t', { value: 'newer' }))
      await tx.send('t', { value: 'zombie' })
    })
    expect(await rejectionOf(sending)).toBeInstanceOf(FencedError)
    expect(await visible()).toEqual(['newer'])
  })

  test('T1: an error of the function itself stays the error of its transaction, taken over or not', async () => {
    const sending = producer().transaction(async (tx) => {
      await tx.send('t', { value: 'zombie' })
      await producer().transaction((newer) => newer.send('t', { value: 'newer' }))
      throw new RangeError('mine')
    })
    expect(await rejectionOf(sending)).toBeInstanceOf(RangeError)
    expect(await visible()).toEqual(['newer'])
  })

  test('T5: the coordinator is looked up again, and asked again, for codes that pass', async () => {
    for (const api of ['InitProducerId', 'EndTxn'] as const) {
      broker.faults.fail(api, 'NOT_COORDINATOR', { times: 1 })
      broker.faults.fail(api, 'COORDINATOR_LOAD_IN_PROGRESS', { times: 1 })
      broker.faults.fail(api, 'CONCURRENT_TRANSACTIONS', { times: 2 })
    }
    await producer().transaction((tx) => tx.send('t', { value: 'x' }))
    expect(await visible()).toEqual(['x'])
  })

  test('T6: a commit whose answer was lost is asked for again, and happened once', async () => {
    broker.faults.closeAfter('EndTxn', { times: 1 })
    await producer().transaction((tx) => tx.send('t', { value: 'x' }))
    expect(await visible()).toEqual(['x'])
    expect(markers()).toEqual(['commit'])
  })

  test('T6: a commit without any answer stays open: it can be repeated, and not turned into an abort', async () => {
    const one = producer()
    const tx = await one.beginTransaction()
    await tx.send('t', { value: 'x' })
    const heal = broker.faults.dropResponse('EndTxn')
    expect(await rejectionOf(tx.commit({ timeoutMs: 700 }))).toMatchObject({
      code: 'TRANSACTION_OUTCOME_UNKNOWN',
    })
    expect(await rejectionOf(tx.abort())).toMatchObject({ code: 'INVALID_TXN_STATE' })
    heal()
    await tx.commit()
    await tx.commit()
    expect(await visible()).toEqual(['x'])
    await one.transaction((next) => next.send('t', { value: 'y' }))
    expect(await visible()).toEqual(['x', 'y'])
  })

  test('T7: a message that failed makes the commit fail, and the next transaction is a new one', async () => {
    const one = producer()
    const tx = await one.beginTransaction()
    await tx.send('t', { partition: 0, value: 'good' })
    broker.faults.failProduce({ topic: 't', error: 'TOPIC_AUTHORIZATION_FAILED', times: 1 })
    const refused = rejectionOf(tx.send('t', { partition: 1, value: 'bad' }))
    expect(await refused).toMatchObject({ code: 'TOPIC_AUTHORIZATION_FAILED' })
    expect(await rejectionOf(tx.commit())).toMatchObject({ code: 'TOPIC_AUTHORIZATION_FAILED' })
    await tx.abort()
    await one.transaction((next) => next.send('t', { partition: 1, value: 'next' }))
    expect(await visible()).toEqual(['next'])
  })

  test('P5: a broken sequence aborts the transaction, and a new epoch mends it', async () => {
    const one = producer()
    broker.faults.failProduce({ topic: 't', error: 'OUT_OF_ORDER_SEQUENCE_NUMBER', times: 1 })
    const failing = one.transaction((tx) => tx.send('t', { partition: 0, value: 'lost' }))
    expect(await rejectionOf(failing)).toMatchObject({ code: 'OUT_OF_ORDER_SEQUENCE_NUMBER' })
    await one.transaction((tx) => tx.send('t', { partition: 0, value: 'mended' }))
    await one.transaction((tx) => tx.send('t', { partition: 0, value: 'on' }))
    expect(await visible()).toEqual(['mended', 'on'])
  })

  test('T9: offsets count with the commit, and not with an abort', async () => {
    const one = producer()
    const offsets = [{ topic: 't', partition: 0, offset: 5n, metadata: 'm' }]
    await expect(
      one.transaction(async (tx) => {
        await tx.sendOffsets(offsets, { groupId: 'g' })
        throw new Error('no')
      }),
    ).rejects.toThrow('no')
    expect(broker.group('g')?.offsets ?? []).toEqual([])
    await one.transaction(async (tx) => {
      await tx.sendOffsets(offsets, { groupId: 'g' })
      await tx.send('t', { value: 'x' })
    })
    await ended()
    expect(broker.group('g')?.offsets).toEqual([{ topic: 't', partition: 0, offset: 5n, metadata: 'm' }])
    // Again and again while the aborted one is still being ended.
    if (version === 1) expect(asked('AddOffsetsToTxn').length).toBeGreaterThanOrEqual(2)
    else expect(asked('AddOffsetsToTxn')).toHaveLength(0)
  })

  test('T9: offsets of a member that has lost its place are refused, and nothing of the transaction counts', async () => {
    const one = producer()
    const group = { groupId: 'g', memberId: 'gone', generationId: 3 }
    const failing = one.transaction(async (tx) => {
      await tx.send('t', { value: 'x' })
      await tx.sendOffsets([{ topic: 't', partition: 0, offset: 5n }], group)
    })
    expect(await rejectionOf(failing)).toBeInstanceOf(BrokerError)
    expect(await visible()).toEqual([])
    await one.transaction((tx) => tx.send('t', { value: 'y' }))
    expect(await visible()).toEqual(['y'])
  })

  test('T2: calls that the state does not allow say what to do', async () => {
    const one = producer()
    expect(await rejectionOf(one.send('t', { value: 'x' }))).toMatchObject({ code: 'INVALID_TXN_STATE' })
    const tx = await one.beginTransaction()
    expect(await rejectionOf(one.beginTransaction())).toMatchObject({
      message: expect.stringContaining('commit or abort the open transaction first') as string,
    })
    await tx.commit()
    expect(await rejectionOf(tx.send('t', { value: 'x' }))).toMatchObject({ code: 'INVALID_TXN_STATE' })
    expect(await rejectionOf(tx.abort())).toMatchObject({ code: 'INVALID_TXN_STATE' })
    const plain = kafka.producer()
    open.push(plain)
    expect(await rejectionOf(plain.beginTransaction())).toMatchObject({
      message: expect.stringContaining("'transactionalId'") as string,
    })
  })

  test('close aborts what is open', async () => {
    const one = producer()
    const tx = await one.beginTransaction()
    await tx.send('t', { value: 'x' })
    await one.close()
    await ended()
    expect(markers()).toEqual(['abort'])
  })

  test('T10: a timeout above what the broker allows ends in an error that says so', async () => {
    const one = producer('long', { transactionTimeoutMs: 100_000_000 })
    expect(await rejectionOf(one.beginTransaction())).toMatchObject({ code: 'INVALID_TRANSACTION_TIMEOUT' })
  })
})
