// Guards the figures operators look at: they say what brokers saw, add up, and agree with what handlers got.
import type { ShareConsumer } from '../../src'
import { ErrorCode } from '../../src/base/error-codes'
import type { BrokerApiName } from '../../src/testing'
import { until } from './support/case-runner'
import { ShareCluster, values } from './support/share-cluster'
import { SharedTopic } from './support/share-simulation'

let cluster: ShareCluster

beforeEach(async () => {
  cluster = await ShareCluster.start({ topics: [{ name: 'orders', partitions: 3 }] })
})

afterEach(async () => {
  await cluster.close()
  expect(cluster.broker.failures).toEqual([])
})

/** Requests of that kind that the broker answered to a share consumer without an error. */
function answered(api: BrokerApiName): number {
  const requests = cluster.broker.requests.filter({ api, outcome: 'answered' })
  return requests.filter(({ errorCode }) => !errorCode).length
}

/** Hundred bytes and a number a message, spread over the partitions. */
async function produce(count: number): Promise<void> {
  const each = values(count / 3).map((value) => value.padEnd(100, '.'))
  for (const partition of [0, 1, 2]) await cluster.produce(each, partition)
}

/** Reads until the handler was called so often; what was acknowledged has been sent then. */
async function read(
  consumer: ShareConsumer<readonly string[]>,
  count: number,
  handler: () => unknown = () => {},
): Promise<void> {
  let handled = 0
  await consumer.run(() => {
    if (++handled === count) void consumer.stop()
    return handler()
  })
  await consumer.commit()
}

test('count what brokers were asked, and what was handed out and acknowledged', async () => {
  await produce(300)
  const consumer = cluster.consumer({ maxPollRecords: 50 })
  await read(consumer, 300)
  await until(() => consumer.metrics().heartbeatTotal > 2, 'heartbeats')
  await consumer.close()
  const metrics = consumer.metrics()
  expect(metrics).toMatchObject({
    recordsConsumedTotal: 300,
    acknowledgementsSendTotal: 300,
    acknowledgementsErrorTotal: 0,
    acknowledgementsErrorRate: 0,
    recordsAcceptedTotal: 300,
    recordsReleasedTotal: 0,
    recordsRejectedTotal: 0,
    recordsRenewedTotal: 0,
    recordsExpiredTotal: 0,
    rebalanceTotal: 1,
    fetchErrorTotal: 0,
    stallTotal: 0,
    recordsHeld: 0,
    bufferedBytes: 0,
    assignedPartitions: 0,
  })
  expect(metrics.topics).toEqual({
    orders: { recordsConsumedTotal: 300, bytesConsumedTotal: metrics.bytesConsumedTotal },
  })
  // 100 bytes a message, and what a record needs beside its value.
  expect(metrics.bytesConsumedTotal).toBeGreaterThan(300 * 100)
  expect(metrics.bytesConsumedTotal).toBeLessThan(300 * 130)
  const fetches = answered('ShareFetch')
  expect(metrics.fetchTotal).toBeGreaterThan(0)
  expect(metrics.fetchTotal).toBeLessThanOrEqual(fetches)
  expect(fetches - metrics.fetchTotal).toBeLessThanOrEqual(1)
  const heartbeats = answered('ShareGroupHeartbeat')
  expect(heartbeats - metrics.heartbeatTotal).toBeLessThanOrEqual(1)
  expect(metrics.lastHeartbeatSecondsAgo).toBeLessThan(5)
  // All were acquired by these fetches.
  expect(metrics.recordsPerRequestAvg * metrics.fetchTotal).toBeCloseTo(300)
  expect(metrics.recordsPerRequestMax).toBeGreaterThanOrEqual(100)
  expect(metrics.fetchSizeMax).toBeGreaterThan(100 * 100)
  for (const rate of ['recordsConsumedRate', 'acknowledgementsSendRate', 'fetchRate'] as const) {
    expect(metrics[rate]).toBeGreaterThan(0)
  }
})

test('a slice in the middle counts up to the message that was handed out', async () => {
  await cluster.produce(values(10))
  const consumer = cluster.consumer()
  const seen: number[] = []
  for await (const message of consumer) {
    void message
    seen.push(consumer.metrics().recordsConsumedTotal)
    if (seen.length === 3) break
  }
  expect(seen).toEqual([1, 2, 3])
  expect(consumer.metrics()).toMatchObject({ recordsConsumedTotal: 3, assignedPartitions: 3 })
  expect(consumer.metrics().recordsHeld).toBeGreaterThanOrEqual(7)
})

test('tell accepted, released, rejected and renewed messages apart', async () => {
  await cluster.produce(values(6))
  const consumer = cluster.consumer({ acknowledgementMode: 'explicit' })
  const handled = new Map<bigint, number>()
  await consumer.run(async (message) => {
    const times = (handled.get(message.offset) ?? 0) + 1
    handled.set(message.offset, times)
    if (message.offset === 0n && message.deliveryCount === 1) return message.acknowledge('release')
    if (message.offset === 1n) return message.acknowledge('reject')
    if (message.offset === 2n && times === 1) {
      message.acknowledge('renew')
      await consumer.commit()
      return
    }
    message.acknowledge('accept')
    if (message.offset === 0n) void consumer.stop()
  })
  await consumer.commit()
  expect(consumer.metrics()).toMatchObject({
    recordsAcceptedTotal: 5,
    recordsReleasedTotal: 1,
    recordsRejectedTotal: 1,
    recordsRenewedTotal: 1,
    acknowledgementsSendTotal: 8,
    acknowledgementsErrorTotal: 0,
    recordsConsumedTotal: 7,
    recordsHeld: 0,
  })
})

test('acknowledgements that are refused are errors, and are not counted as taken', async () => {
  await cluster.produce(values(5))
  const consumer = cluster.consumer({ acknowledgementMode: 'explicit' })
  let handled = 0
  await consumer.run((message) => {
    message.acknowledge('accept')
    if (++handled < 5) return
    // The handler waits: what is said goes alone.
    cluster.broker.once('ShareAcknowledge', async (request, exchange) => {
      const answer = await exchange.proceed()
      const errorCode = ErrorCode.INVALID_RECORD_STATE
      const responses = request.topics.map(({ topicId, partitions }) => ({
        topicId,
        partitions: partitions.map(({ partitionIndex }) => ({
          partitionIndex,
          errorCode,
          currentLeader: { leaderId: 0, leaderEpoch: 0 },
        })),
      }))
      return answer && { ...answer, responses }
    })
    void consumer.stop()
  })
  await consumer.commit()
  const { acknowledgementsSendTotal, acknowledgementsErrorTotal, recordsAcceptedTotal, ...metrics } =
    consumer.metrics()
  expect(acknowledgementsSendTotal).toBe(5)
  expect(acknowledgementsErrorTotal + recordsAcceptedTotal).toBe(5)
  expect(acknowledgementsErrorTotal).toBeGreaterThan(0)
  expect(metrics.acknowledgementsErrorRate).toBeGreaterThan(0)
})

test('locks that end before anything was said of their messages are counted', () =>
  SharedTopic.run(async (shared) => {
    await shared.produce(values(2))
    const consumer = shared.consumer()
    let isFirst = true
    const run = consumer.run(async () => {
      if (!isFirst) return
      isFirst = false
      await shared.sim.sleep(20_000)
    })
    await shared.until(() => consumer.metrics().recordsAcceptedTotal === 2)
    // What the first handler said came too late to be sent.
    expect(consumer.metrics()).toMatchObject({
      recordsExpiredTotal: 2,
      acknowledgementsErrorTotal: 1,
      acknowledgementsSendTotal: 2,
    })
    await consumer.close()
    await run
  }))

test('fetches that fail are errors; a member that joins anew has its partitions anew', async () => {
  const consumer = cluster.consumer()
  const run = consumer.run(() => {})
  await until(() => consumer.metrics().fetchTotal > 0, 'a fetch')
  expect(consumer.metrics()).toMatchObject({ rebalanceTotal: 1, assignedPartitions: 3 })
  cluster.broker.once('ShareFetch', (_request, exchange) => exchange.close())
  await until(() => consumer.metrics().fetchErrorTotal === 1, 'a fetch that failed')
  cluster.broker.once('ShareGroupHeartbeat', async (_request, exchange) => {
    const response = await exchange.proceed()
    return response && { ...response, errorCode: ErrorCode.FENCED_MEMBER_EPOCH }
  })
  await until(() => consumer.metrics().rebalanceTotal === 2, 'the second assignment')
  expect(consumer.metrics().assignedPartitions).toBe(3)
  await consumer.close()
  await run
})
