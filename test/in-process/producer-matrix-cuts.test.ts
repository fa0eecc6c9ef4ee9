// Guards the exactly-once promise against the end of a connection after any byte of a Produce exchange (fault matrix 1 to 5).
import { Kafka } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createBroker, type TestCluster } from '../../src/testing'
import { storedValues } from './support/committed-view'
import { cutAtEachByte, SingleCut, type CutDirection } from './support/single-cut'

// Hundreds of cases at once, on machines that may have other things to do.
jest.setTimeout(20_000)

let broker: TestCluster

beforeEach(async () => {
  const topics = [{ name: 't', partitions: 1 }]
  broker = await createBroker({ network: 'memory', logger: silentLogger, seed: 1, topics })
})
afterEach(async () => {
  expect(broker.failures).toEqual([])
  await broker.close()
})

const timing = {
  retryBackoffMs: 1,
  retryBackoffMaxMs: 5,
  reconnectBackoffMs: 1,
  reconnectBackoffMaxMs: 1,
  requestTimeoutMs: 2000,
}
const batchesAtOnce = 3
/** A request of one batch of one short message takes more than this, and its answer more than that. */
const leastCuts = { toBroker: 3 * 100, toClient: 3 * 40 }

test.each(['toBroker', 'toClient'] as const)(
  'P1 P4 R6 R7: cut after each byte %s of three batches in flight: everything once, in order, with its offset',
  async (direction: CutDirection) => {
    const cut = new SingleCut(broker)
    const kafka = new Kafka({ ...cut.clientOptions(), logger: silentLogger, ...timing })
    // Each message is a batch.
    const producer = kafka.producer({ batchSizeBytes: 1, deliveryTimeoutMs: 5000 })
    await producer.send('t', { value: '0' })
    let next = 1
    const cuts = await cutAtEachByte(cut, direction, async (arm) => {
      arm()
      const receipts = await Promise.all(
        Array.from({ length: batchesAtOnce }, (_, i) => producer.send('t', { value: String(next + i) })),
      )
      // P4: the broker knows its last five batches, so that a resend is told where it stands.
      expect(receipts.map(({ offset }) => Number(offset))).toEqual([next, next + 1, next + 2])
      next += batchesAtOnce
    })
    expect(cuts).toBeGreaterThan(leastCuts[direction])
    expect(storedValues(broker, 't', 0)).toEqual(Array.from({ length: next }, (_, i) => String(i)))
    expect(producer.bufferedBytes).toBe(0)
    await producer.close()
  },
  30_000,
)

test.each(['toBroker', 'toClient'] as const)(
  'P3 P4: cut after each byte %s without idempotence: nothing is lost, and repetitions stand together',
  async (direction: CutDirection) => {
    const cut = new SingleCut(broker)
    const kafka = new Kafka({ ...cut.clientOptions(), logger: silentLogger, ...timing })
    const producer = kafka.producer({ idempotent: false, deliveryTimeoutMs: 5000 })
    await producer.send('t', { value: '0' })
    let next = 1
    await cutAtEachByte(cut, direction, async (arm) => {
      arm()
      await producer.send('t', { value: String(next++) })
    })
    const stored = storedValues(broker, 't', 0)
    const withoutRepetitions = stored.filter((value, at) => value !== stored[at - 1])
    expect(withoutRepetitions).toEqual(Array.from({ length: next }, (_, i) => String(i)))
    // Whole requests whose answers were cut are in the log twice: otherwise nothing was cut here.
    if (direction === 'toClient') expect(stored.length).toBeGreaterThan(withoutRepetitions.length + 40)
    await producer.close()
  },
  30_000,
)

test.each(['toBroker', 'toClient'] as const)(
  'P10: cut after each byte %s with acks 0: what is reported as lost or sent is settled, and nothing is stored twice',
  async (direction: CutDirection) => {
    const cut = new SingleCut(broker)
    const kafka = new Kafka({ ...cut.clientOptions(), logger: silentLogger, ...timing })
    const producer = kafka.producer({ acks: 0, deliveryTimeoutMs: 5000 })
    await producer.send('t', { value: '0' })
    for (let bytes = 0; bytes < 160; bytes++) {
      cut.arm(direction, bytes)
      await producer.send('t', { value: String(bytes + 1) }).catch(() => {})
      cut.disarm()
    }
    await producer.close()
    const stored = storedValues(broker, 't', 0).map(Number)
    expect(stored).toEqual([...new Set(stored)].sort((a, b) => a - b))
  },
  30_000,
)
