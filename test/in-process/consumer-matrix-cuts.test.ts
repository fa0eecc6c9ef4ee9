// Guards what a consumer has read and committed against the end of a connection after any byte of what it says to a broker, or a broker to it.
import { Kafka, type Consumer } from '../../src'
import { ErrorCode } from '../../src/base/error-codes'
import { silentLogger } from '../../src/base/logger'
import { createBroker, type TestCluster } from '../../src/testing'
import { until } from './support/case-runner'
import { NumberWriter, quickly } from './support/numbered-reader'
import { SingleCut, type CutDirection } from './support/single-cut'

const topic = 't'
let broker: TestCluster
let writer: NumberWriter
let cut: SingleCut
const open: Consumer[] = []

beforeEach(async () => {
  const topics = [{ name: topic, partitions: 1 }]
  broker = await createBroker({ network: 'memory', logger: silentLogger, seed: 1, topics })
  writer = new NumberWriter(broker)
  cut = new SingleCut(broker)
})
afterEach(async () => {
  await writer.close()
  cut.disarm()
  await Promise.all(open.splice(0).map((consumer) => consumer.close()))
  expect(broker.failures).toEqual([])
  await broker.close()
})

const reconnecting = { ...quickly, reconnectBackoffMs: 1, reconnectBackoffMaxMs: 1 }
/** A commit of one offset takes more than this, and its answer more than that. */
const leastCommitCuts = { toBroker: 90, toClient: 25 }
const directions = ['toBroker', 'toClient'] as const
const numbers = (count: number) => Array.from({ length: count }, (_, i) => i)

function consumer(options: Parameters<Kafka['consumer']>[0] = {}): Consumer {
  const made = new Kafka({ ...cut.clientOptions(), ...reconnecting }).consumer({
    groupId: 'g',
    topics: [topic],
    startFrom: 'earliest',
    fetchMaxWaitMs: 20,
    autoCommit: false,
    sessionTimeoutMs: 6000,
    rebalanceTimeoutMs: 1000,
    // Nothing but what a case is about is said while its cut is armed.
    heartbeatIntervalMs: 5000,
    ...options,
  }) as Consumer
  open.push(made)
  return made
}

/** Reads in the background, and notes what. */
function read(from: Consumer): { readonly seen: number[]; readonly ended: Promise<void> } {
  const seen: number[] = []
  const ended = from.run(({ value }) => {
    seen.push(Number(value))
  })
  return { seen, ended }
}

test.each(directions)(
  'F3 C5: cut after each byte %s of fetches: everything is read once, in order',
  async (direction: CutDirection) => {
    const count = 200
    for (let i = 0; i < count; i++) await writer.write(topic, i, i + 1)
    // Each answer brings one message, so that there is always a fetch to be cut.
    const one = consumer({ maxPartitionFetchBytes: 1 })
    const seen: number[] = []
    let cuts = 0
    const ended = one.run(async ({ value }) => {
      seen.push(Number(value))
      if (!cut.disarm()) cuts++
      cut.arm(direction, seen.length)
      await new Promise(setImmediate)
    })
    await until(() => seen.length >= count, 'all messages')
    cut.disarm()
    expect(seen).toEqual(numbers(count))
    expect(cuts).toBeGreaterThan(count / 4)
    await one.close()
    await ended
  },
  30_000,
)

test.each(directions)(
  'C14: cut after each byte %s of commits: each is stored, none goes back',
  async (direction: CutDirection) => {
    const one = consumer({ fetchMaxWaitMs: 5000 })
    const { seen, ended } = read(one)
    await writer.write(topic, 0, 1)
    await until(() => seen.length === 1, 'the first message')
    let last = 0n
    const bytes = direction === 'toBroker' ? 130 : 60
    let cuts = 0
    for (let cutAfter = 0; cutAfter < bytes; cutAfter++) {
      cut.arm(direction, cutAfter)
      last++
      await one.commit([{ topic, partition: 0, offset: last }])
      if (!cut.disarm()) cuts++
      expect(broker.group('g')?.offsets.map(({ offset }) => offset)).toEqual([last])
    }
    expect(cuts).toBeGreaterThan(leastCommitCuts[direction])
    await one.close()
    await ended
  },
  30_000,
)

test.each(directions)(
  'G3 G14: cut after bytes %s of a member that joins again: it keeps its place, and reads everything once',
  async (direction: CutDirection) => {
    const one = consumer({ heartbeatIntervalMs: 5 })
    const { seen, ended } = read(one)
    await writer.write(topic, 0, 1)
    await until(() => seen.length === 1, 'the first message')
    let cuts = 0
    let rounds = 0
    let endedGeneration = -1
    broker.on('Heartbeat', (request) =>
      request.generationId === endedGeneration
        ? { throttleTimeMs: 0, errorCode: ErrorCode.REBALANCE_IN_PROGRESS }
        : undefined,
    )
    // The step is odd, so that every kind of field is cut; the way through JoinGroup and SyncGroup is shorter than the end.
    for (let cutAfter = 0; cutAfter < 500; cutAfter += 11, rounds++) {
      const { generationId } = one.groupMetadata()
      cut.arm(direction, cutAfter)
      endedGeneration = generationId
      await until(
        () => one.groupMetadata().generationId > generationId,
        `another generation, cut after ${cutAfter} bytes`,
      )
      if (!cut.disarm()) cuts++
      await writer.write(topic, rounds + 1, rounds + 2)
      await until(() => seen.length >= rounds + 2, `message ${rounds + 1}`)
    }
    expect(seen).toEqual(numbers(rounds + 1))
    expect(cuts).toBeGreaterThan(20)
    await one.close()
    await ended
  },
  30_000,
)

test.each(directions)(
  'G11 K6 G14: cut after bytes %s of a KIP-848 member: it says all anew, keeps its partition, and reads everything once',
  async (direction: CutDirection) => {
    const kafka = new Kafka({ ...cut.clientOptions(), ...reconnecting })
    const events: string[] = []
    const one = kafka.consumer({
      groupId: 'g848',
      topics: [topic],
      startFrom: 'earliest',
      groupProtocol: 'consumer',
      fetchMaxWaitMs: 20,
      onPartitionsRevoked: () => void events.push('revoked'),
      onPartitionsLost: () => void events.push('lost'),
    }) as Consumer
    open.push(one)
    const { seen, ended } = read(one)
    await writer.write(topic, 0, 1)
    await until(() => seen.length === 1, 'the first message')
    const taken = () => broker.requests.filter({ api: 'ConsumerGroupHeartbeat', outcome: 'answered' }).length
    let cuts = 0
    let rounds = 0
    for (let cutAfter = 0; cutAfter < 180; cutAfter += 9, rounds++) {
      const before = taken()
      cut.arm(direction, cutAfter)
      // Whatever it says goes over a connection that ends soon.
      one.enforceRebalance()
      await until(() => taken() > before, `a heartbeat, cut after ${cutAfter} bytes`)
      await writer.write(topic, rounds + 1, rounds + 2)
      await until(() => seen.length >= rounds + 2, `message ${rounds + 1}`)
      if (!cut.disarm()) cuts++
    }
    expect(seen).toEqual(numbers(rounds + 1))
    expect(events).toEqual([])
    expect(cuts).toBeGreaterThan(12)
    await one.close()
    await ended
  },
  30_000,
)
