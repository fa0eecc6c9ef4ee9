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
