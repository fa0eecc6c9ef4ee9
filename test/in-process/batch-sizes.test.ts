// Guards that a batch handler gets as many messages at once as were fetched and it asked for, also when producers sent few
// at a time: what it does once a batch, such as one statement or one commit, must not be done several times instead.
import { silentLogger } from '../../src/base/logger'
import { Kafka, type RunBatchesOptions } from '../../src'
import { createCluster, type TestCluster } from '../../src/testing'

const valueBytes = 1000
const messages = 3000
let cluster: TestCluster
let kafka: Kafka

beforeAll(async () => {
  cluster = await createCluster({ network: 'memory', logger: silentLogger, topics: [{ name: 't' }] })
  kafka = new Kafka({ ...cluster.clientOptions(), logger: silentLogger })
  await using producer = kafka.producer()
  const value = Buffer.alloc(valueBytes)
  for (let sent = 0; sent < messages; sent += 10) {
    await producer.send(
      't',
      Array.from({ length: 10 }, () => ({ value })),
    )
  }
})

afterAll(() => cluster.close())

async function batchLengths(options: RunBatchesOptions): Promise<number[]> {
  const lengths: number[] = []
  await using consumer = kafka.consumer({ assign: ['t'], until: 'end' })
  await consumer.runBatches((batch) => void lengths.push(batch.length), options)
  expect(lengths.reduce((sum, length) => sum + length, 0)).toBe(messages)
  return lengths
}

test('C4: a batch holds what one answer gives of its partition, whatever its record batches are', async () => {
  const [first] = await batchLengths({ maxMessages: 10_000 })
  // An answer ends before 1 MiB by default, with a whole record batch of ten.
  expect(first).toBeGreaterThan(1000)
  expect(first).toBeLessThanOrEqual(1040)
})

test('C4: a batch never holds more messages than it may', async () => {
  const lengths = await batchLengths({ maxMessages: 300 })
  expect(lengths[0]).toBe(300)
  expect(Math.max(...lengths)).toBe(300)
})
