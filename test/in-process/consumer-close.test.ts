// Guards the time a close takes: a program that ends must not wait for messages that may not come.
import { Kafka } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createBroker } from '../../src/testing'
import { until } from './support/case-runner'

test('C13: close does not wait for a poll under way, and ends its session all the same', async () => {
  const topics = [{ name: 't', partitions: 1 }]
  const broker = await createBroker({ network: 'memory', logger: silentLogger, topics })
  const kafka = new Kafka({ ...broker.clientOptions(), logger: silentLogger })
  const options = { startFrom: 'earliest', fetchMaxWaitMs: 20_000 } as const
  const consumer = kafka.consumer({ assign: [{ topic: 't', partition: 0 }], ...options })
  const run = consumer.run(() => {})
  // The first answer opens the session, the second poll waits.
  let isPolling = false
  broker.on('Fetch', ({ sessionId }) => void (isPolling ||= sessionId > 0))
  const producer = kafka.producer()
  await producer.send('t', { value: 'x' })
  await until(() => isPolling, 'a poll of the session')

  const begin = performance.now()
  await consumer.close()
  expect(performance.now() - begin).toBeLessThan(500)
  await run
  const last = broker.requests.filter({ api: 'Fetch' }).at(-1)?.request
  expect(last).toMatchObject({ sessionEpoch: -1, sessionId: expect.any(Number) })
  expect(last?.sessionId).not.toBe(0)

  await producer.close()
  expect(broker.failures).toEqual([])
  await broker.close()
})

test('C13 G9 G15: what was finished is committed by a close in the middle of a rebalance, which the group ends first', async () => {
  const topics = [{ name: 't', partitions: 2 }]
  const configs = { 'group.initial.rebalance.delay.ms': 0 }
  const broker = await createBroker({ network: 'memory', logger: silentLogger, topics, configs })
  const kafka = new Kafka({ ...broker.clientOptions(), logger: silentLogger })
  const options = {
    groupId: 'g',
    topics: ['t'],
    startFrom: 'earliest',
    heartbeatIntervalMs: 20,
    autoCommitIntervalMs: 60_000,
  } as const
  const [first, second] = [kafka.consumer(options), kafka.consumer(options)]
  const producer = kafka.producer()
  await producer.send('t', [
    { partition: 0, value: 'a' },
    { partition: 1, value: 'b' },
  ])
  let handled = 0
  const runs = [first.run(() => void handled++)]
  await until(() => handled === 2, 'both messages')

  let release = () => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  let syncing = 0
  broker.on('SyncGroup', async () => {
    syncing++
    await released
  })
  runs.push(second.run(() => void handled++))
  await until(() => syncing === 2, 'a rebalance of both')
  const closed = first.close()
  // The answers to SyncGroup come when the close has begun; a commit before them is refused.
  await Promise.race([
    broker.requests.waitFor('OffsetCommit'),
    new Promise((resolve) => setTimeout(resolve, 50)),
  ])
  release()
  await closed
  const listed = await second.committed([0, 1].map((partition) => ({ topic: 't', partition })))
  expect(listed.map(({ committed }) => committed?.offset)).toEqual([1n, 1n])
  await until(() => second.assignment().length === 2, 'the other one has everything')
  await second.close()
  await Promise.all(runs)
  expect(handled).toBe(2)
  await producer.close()
  expect(broker.failures).toEqual([])
  await broker.close()
})

test('C13: a handler that close waits for, and the listener that it calls, commit by themselves; later nobody does', async () => {
  const topics = [{ name: 't', partitions: 1 }]
  const configs = { 'group.initial.rebalance.delay.ms': 0 }
  const broker = await createBroker({ network: 'memory', logger: silentLogger, topics, configs })
  const kafka = new Kafka({ ...broker.clientOptions(), logger: silentLogger })
  const producer = kafka.producer()
  await producer.send('t', [{ value: 'a' }, { value: 'b' }])
  const committed = () => broker.group('g')?.offsets[0]?.offset
  const seen: unknown[] = []
  const consumer = kafka.consumer({
    groupId: 'g',
    topics: ['t'],
    startFrom: 'earliest',
    autoCommit: false,
    onPartitionsRevoked: async () => {
      seen.push(committed())
      await consumer.commit([{ topic: 't', partition: 0, offset: 2 }])
    },
  })
  let finish: (() => void) | undefined
  const run = consumer.run(async ({ offset }) => {
    await new Promise<void>((resolve) => (finish = resolve))
    await consumer.commit([{ topic: 't', partition: 0, offset: offset + 1n }])
  })
  await until(() => finish !== undefined, 'the handler')
  const closed = consumer.close()
  finish?.()
  await closed
  await run
  expect([seen, committed()]).toEqual([[1n], 2n])
  await expect(consumer.commit([{ topic: 't', partition: 0, offset: 1 }])).rejects.toMatchObject({
    code: 'CLOSED',
  })
  await producer.close()
  expect(broker.failures).toEqual([])
  await broker.close()
})
