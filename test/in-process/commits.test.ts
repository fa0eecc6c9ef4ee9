// Guards against lag that never ends, and commits of what was not read.
import { Kafka } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createBroker, type TestCluster } from '../../src/testing'

let broker: TestCluster
let kafka: Kafka

beforeEach(async () => {
  broker = await createBroker({ network: 'memory', logger: silentLogger, topics: [{ name: 't' }] })
  kafka = new Kafka({ ...broker.clientOptions(), logger: silentLogger })
})
afterEach(() => broker.close())

test('C8: automatic commits move over the markers at the end of a partition, where no message follows', async () => {
  await using producer = kafka.producer({ transactionalId: 'tx' })
  await using consumer = kafka.consumer({
    groupId: 'g',
    topics: ['t'],
    startFrom: 'earliest',
    isolationLevel: 'read_committed',
    autoCommitIntervalMs: 20,
    fetchMaxWaitMs: 20,
  })
  const done = new AbortController()
  const running = consumer.run(() => {}, { signal: done.signal })
  await producer.transaction((tx) => tx.send('t', { value: 'x' }))
  await broker.requests.waitFor('OffsetCommit', ({ request }) => offsetOf(request) === 2n)
  const aborted = producer.transaction(async (tx) => {
    await tx.send('t', { value: 'never' })
    throw new Error('no')
  })
  await expect(aborted).rejects.toThrow('no')
  await broker.requests.waitFor('OffsetCommit', ({ request }) => offsetOf(request) === 4n)
  done.abort()
  await running
})

function offsetOf(request: { topics: readonly { partitions: readonly { committedOffset: bigint }[] }[] }) {
  return request.topics[0]?.partitions[0]?.committedOffset
}
