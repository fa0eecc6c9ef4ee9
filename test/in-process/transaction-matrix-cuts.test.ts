// Guards all or nothing against the end of a connection after any byte of what a transaction asks (T6, fault matrix 1 to 5).
import { Kafka, type Producer, type Transaction } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createBroker, type TestCluster } from '../../src/testing'
import { committedValues, storedValues, transactionsEnded } from './support/committed-view'
import { cutAtEachByte, SingleCut } from './support/single-cut'

// Hundreds of cases at once, on machines that may have other things to do.
jest.setTimeout(20_000)

let broker: TestCluster
let cut: SingleCut
let producer: Producer

async function start(version: 1 | 2): Promise<void> {
  const topics = [{ name: 't', partitions: 2 }]
  broker = await createBroker({ network: 'memory', logger: silentLogger, seed: 1, topics })
  broker.setFeature('transaction.version', version)
  cut = new SingleCut(broker)
  const timing = { retryBackoffMs: 1, retryBackoffMaxMs: 5, reconnectBackoffMs: 1, reconnectBackoffMaxMs: 1 }
  const kafka = new Kafka({ ...cut.clientOptions(), logger: silentLogger, ...timing, requestTimeoutMs: 2000 })
  // Each message is a batch.
  producer = kafka.producer({
    transactionalId: 'tx',
    batchSizeBytes: 1,
    deliveryTimeoutMs: 5000,
    maxBlockMs: 5000,
  })
  await producer.connect()
}
afterEach(async () => {
  await producer.close()
  expect(broker.failures).toEqual([])
  await broker.close()
})

/** One transaction after another with a cut at `where`, of which every second is aborted; the values committed. */
async function cutTransactions(
  direction: 'toBroker' | 'toClient',
  where: 'the first message' | 'more messages' | 'offsets' | 'the end',
): Promise<{ cuts: number; committed: string[] }> {
  const committed: string[] = []
  let number = 0
  const armAt = (place: string, arm: () => void) => place === where && arm()
  const cuts = await cutAtEachByte(cut, direction, async (arm) => {
    const name = String(number++)
    const commits = number % 2 === 0
    const tx: Transaction = await producer.beginTransaction()
    armAt('the first message', arm)
    await tx.send('t', { partition: 0, value: `${name}a` })
    armAt('more messages', arm)
    await Promise.all(['b', 'c'].map((part) => tx.send('t', { partition: 0, value: `${name}${part}` })))
    armAt('offsets', arm)
    await tx.sendOffsets([{ topic: 't', partition: 1, offset: BigInt(number) }], { groupId: 'g' })
    armAt('the end', arm)
    if (commits) {
      await tx.commit()
      committed.push(`${name}a`, `${name}b`, `${name}c`)
    } else await tx.abort()
  })
  // The last one was not cut, so that it may be of either kind.
  return { cuts, committed }
}

const cases = ([1, 2] as const).flatMap((version) =>
  (['toBroker', 'toClient'] as const).flatMap((direction) =>
    (['the first message', 'more messages', 'offsets', 'the end'] as const).map((where) => ({
      version,
      direction,
      where,
    })),
  ),
)

test.each(cases)(
  'T6 P4: cut after each byte $direction of $where, transaction.version $version: every transaction whole or not at all',
  async ({ version, direction, where }) => {
    await start(version)
    const { cuts, committed } = await cutTransactions(direction, where)
    expect(cuts).toBeGreaterThan(15)
    await transactionsEnded(broker)
    expect(committedValues(broker, 't', 0)).toEqual(committed)
    const stored = storedValues(broker, 't', 0)
    expect(new Set(stored).size).toBe(stored.length)
    const lastCommitted = Math.floor((cuts + 1) / 2) * 2
    expect(broker.group('g')?.offsets.map(({ offset }) => Number(offset))).toEqual([lastCommitted])
  },
  20_000,
)
