// Guards the positions of partitions that a broker refused: what was not finished is not committed, what is not known is not made up, and the next run goes on.
import { silentLogger } from '../../src/base/logger'
import { ErrorCode } from '../../src/base/error-codes'
import { createBroker, type InspectedTopic, type TestCluster } from '../../src/testing'
import { rejectionOf } from '../support/rejection'
import { until } from './support/case-runner'
import { NumberedReader, NumberWriter } from './support/numbered-reader'

let broker: TestCluster
let writer: NumberWriter

beforeEach(async () => {
  broker = await createBroker({
    network: 'memory',
    logger: silentLogger,
    topics: [{ name: 't', partitions: 1 }],
  })
  writer = new NumberWriter(broker)
})
afterEach(async () => {
  await writer.close()
  expect(broker.failures).toEqual([])
  await broker.close()
})

const committed = () => broker.group('t')?.offsets.map(({ offset }) => Number(offset))

/** Refuses the partition in the next answer to a fetch. */
function refuseFetch(code: number): void {
  const { name: topic, id: topicId } = broker.topics[0] as InspectedTopic
  broker.once('Fetch', async (_, exchange) => {
    const response = await exchange.proceed()
    const refused = { partitionIndex: 0, errorCode: code, highWatermark: -1n, records: null }
    const partitions = [{ ...refused, abortedTransactions: null }]
    return response && { ...response, responses: [{ topic, topicId, partitions }] }
  })
}

test('C3: a refused look-up of what is committed leaves it as it is, whenever the consumer is closed', async () => {
  await writer.write('t', 0, 4)
  await using first = new NumberedReader(broker, 't')
  first.start()
  await first.readsAll(4)
  await first.close()
  expect(committed()).toEqual([4])
  broker.faults.fail('OffsetFetch', 'GROUP_AUTHORIZATION_FAILED')
  await using second = new NumberedReader(broker, 't', { autoCommitIntervalMs: 5 })
  second.start()
  await second.reads(() => false, 'the end of the run')
  expect(second.error).toMatchObject({ code: 'GROUP_AUTHORIZATION_FAILED' })
  await second.close()
  expect(committed()).toEqual([4])
})

test('C7 C13: a partition that is refused while a handler works: what is not finished is not committed, and the next run hands it out', async () => {
  await writer.write('t', 0, 3)
  await using reader = new NumberedReader(broker, 't')
  let goOn = () => {}
  const seen: number[] = []
  const run = reader.consumer.run(async ({ value }) => {
    seen.push(Number(value))
    if (seen.length === 2) await new Promise<void>((resolve) => (goOn = resolve))
  })
  const ended = rejectionOf(run)
  await until(() => seen.length === 2, 'the second message')
  refuseFetch(ErrorCode.TOPIC_AUTHORIZATION_FAILED)
  await writer.write('t', 3, 4)
  await new Promise((resolve) => setTimeout(resolve, 100))
  goOn()
  expect(await ended).toMatchObject({ code: 'TOPIC_AUTHORIZATION_FAILED' })
  await reader.consumer.commit()
  expect(committed()).toEqual([2])
  reader.start()
  await reader.readsAll(2)
  expect(reader.seen).toEqual([2, 3])
  await reader.close()
  expect(committed()).toEqual([4])
})

test.each(['range', 'cooperative-sticky'] as const)(
  'C3 C13: a partition that is revoked before its position was found (%s) leaves what is committed as it is',
  async (assignor) => {
    await writer.write('t', 0, 4)
    const options = { assignors: [assignor], autoCommitIntervalMs: 5 }
    await using first = new NumberedReader(broker, 't', options)
    first.start()
    await first.readsAll(4)
    await first.close()
    broker.on('OffsetFetch', (_, exchange) => exchange.drop())
    const revoked: unknown[] = []
    await using slow = new NumberedReader(broker, 't', {
      ...options,
      onPartitionsRevoked: (partitions) => void revoked.push(...partitions),
    })
    slow.start()
    await slow.reads(() => slow.consumer.assignment().length > 0, 'an assignment')
    await slow.close()
    expect(revoked).toHaveLength(1)
    expect(committed()).toEqual([4])
  },
)
