// Guards against a partition that nobody asks for any more: between the end of one poll and the beginning of another.
import { Kafka } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createBroker } from '../../src/testing'

test('L20: a partition that is asked for past a poll is polled when that poll has ended meanwhile', async () => {
  const broker = await createBroker({
    network: 'memory',
    logger: silentLogger,
    topics: [{ name: 't', partitions: 2 }],
  })
  const kafka = new Kafka({ ...broker.clientOptions(), logger: silentLogger })
  const consumer = kafka.consumer({ assign: [{ topic: 't', partition: 0 }], fetchMaxWaitMs: 200 })
  const producer = kafka.producer()
  const seen: string[] = []
  const run = consumer.run((message) => void seen.push(String(message.value)))
  try {
    await broker.requests.waitFor('Fetch')
    // What goes past the poll is answered long after the poll, and has nothing.
    const asked = new Promise<void>((resolve) => {
      broker.on('Fetch', async ({ maxWaitMs }, exchange) => {
        if (maxWaitMs > 0) return
        resolve()
        await exchange.delay(400)
      })
    })
    // The next poll is under way by now.
    await new Promise((resolve) => setTimeout(resolve, 30))
    consumer.assign([{ topic: 't', partition: 1 }])
    await asked
    await new Promise((resolve) => setTimeout(resolve, 600))
    await producer.send('t', { partition: 1, value: 'x' })
    const end = Date.now() + 3000
    while (seen.length === 0 && Date.now() < end) await new Promise((resolve) => setTimeout(resolve, 5))
    expect(seen).toEqual(['x'])
  } finally {
    await consumer.close()
    await run
    await producer.close()
    await broker.close()
  }
})
