import {
  activeSpan,
  endTelemetry,
  expectCluster,
  hooked,
  inSpan,
  readMetrics,
  takeSpans,
} from './support/telemetry.js'
import { Kafka, type Producer } from 'kafkajs'
import { application, until } from './support/application.js'
import { createTopics } from './support/kafka.js'

// What OpenTelemetry's instrumentation of KafkaJS sees: spans of what is sent and handled, with their parents, and metrics.

void application(async ({ brokers, name, check }) => {
  const kafka = new Kafka({ brokers, clientId: 'traced', logLevel: 0, retry: { initialRetryTime: 50 } })
  const [orders, payments] = [name('orders'), name('payments')]
  const admin = kafka.admin()
  await admin.connect()
  const topics = ['first', 'orders', 'payments', 'each', 'failing', 'batch'].map(name)
  await createTopics(kafka, ...topics)
  expectCluster((await admin.describeCluster()).clusterId)
  const producer = kafka.producer()
  await producer.connect()
  // KafkaJS learns the cluster's id by the first message.
  await producer.send({ topic: name('first'), messages: [{ value: '0' }] })
  takeSpans()

  await check('the methods of the class are the instrumented ones', async () => {
    const wrapped = (method: unknown): boolean => typeof method === 'function' && '__wrapped' in method
    return [Kafka.prototype.producer, Kafka.prototype.consumer, producer.send].map(wrapped)
  })

  await check('send: one span a message, in the span that is active', async () => {
    await inSpan('request', async () => {
      const messages = [
        { key: 'a', value: '1' },
        { key: 'b', value: null },
        { value: '3', partition: 0 },
      ]
      await producer.send({ topic: orders, messages })
    })
    return takeSpans()
  })
  await check("send: the caller's messages carry the context", async () => {
    const message = { value: 'traced', headers: { mine: 'yes' } as Record<string, string> }
    await producer.send({ topic: orders, messages: [message] })
    takeSpans()
    return { mine: message.headers['mine'], keys: Object.keys(message.headers).sort() }
  })
  await check('sendBatch: one span a message, and none twice', async () => {
    const topicMessages = [
      { topic: orders, messages: [{ value: '4' }, { value: '5' }] },
      { topic: payments, messages: [{ key: 'p', value: '6' }] },
    ]
    await producer.sendBatch({ topicMessages })
    return takeSpans()
  })
  await check('a send that fails ends its span with the error', async () => {
    const off: Producer = kafka.producer()
    const error = await off
      .send({ topic: orders, messages: [{ value: 'x' }] })
      .catch((reason: Error) => reason)
    return { error: (error as Error).name, spans: takeSpans() }
  })

  await check('a transaction: its span is the parent of what is sent in it', async () => {
    const writer = kafka.producer({
      transactionalId: name('writer'),
      maxInFlightRequests: 1,
      idempotent: true,
    })
    await writer.connect()
    const committed = await writer.transaction()
    await committed.send({ topic: payments, messages: [{ key: 'c1', value: '7' }] })
    await committed.sendBatch({ topicMessages: [{ topic: payments, messages: [{ key: 'c2', value: '8' }] }] })
    await committed.commit()
    const afterCommit = takeSpans()
    const aborted = await writer.transaction()
    await aborted.send({ topic: payments, messages: [{ key: 'c3', value: '9' }] })
    await aborted.abort()
    await writer.disconnect()
    return { afterCommit, afterAbort: takeSpans() }
  })

  await check('eachMessage: a span a message, whose parent is the span that sent it', async () => {
    await inSpan('order', async () => {
      await producer.send({ topic: name('each'), messages: [{ key: 'k1', value: 'v1' }, { value: 'v2' }] })
    })
    const consumer = kafka.consumer({ groupId: name('each'), maxWaitTimeInMs: 100 })
    await consumer.connect()
    await consumer.subscribe({ topics: [name('each')], fromBeginning: true })
    const active: (string | null)[] = []
    await consumer.run({
      eachMessage: async () => {
        active.push(activeSpan())
      },
    })
    await until(() => active.length === 2, 'both messages')
    await consumer.disconnect()
    return { active, spans: takeSpans() }
  })
  await check(
    'eachMessage: a handler that fails ends its span with the error, and its retry has one of its own',
    async () => {
      const topic = name('failing')
      await producer.send({ topic, messages: [{ value: 'v1' }] })
      takeSpans()
      const consumer = kafka.consumer({ groupId: name('failing'), maxWaitTimeInMs: 100 })
      await consumer.connect()
      await consumer.subscribe({ topics: [topic], fromBeginning: true })
      let calls = 0
      await consumer.run({
        eachMessage: async () => {
          if (++calls === 1) throw new Error('not this time')
        },
      })
      await until(() => calls === 2, 'the retry')
      await consumer.disconnect()
      return takeSpans().sort((a, b) => (a.status < b.status ? -1 : 1))
    },
  )
  await check(
    'eachBatch: a span of the batch, and one a message that links to where it was sent',
    async () => {
      const topic = name('batch')
      await producer.send({
        topic,
        messages: [
          { key: 'b1', value: '1' },
          { key: 'b2', value: '2' },
        ],
      })
      const consumer = kafka.consumer({ groupId: name('batch'), maxWaitTimeInMs: 100 })
      await consumer.connect()
      await consumer.subscribe({ topics: [topic], fromBeginning: true })
      const active: (string | null)[] = []
      let handled = 0
      await consumer.run({
        eachBatch: async ({ batch }) => {
          active.push(activeSpan())
          handled += batch.messages.length
        },
      })
      await until(() => handled === 2, 'both messages')
      await consumer.disconnect()
      return { active, spans: takeSpans() }
    },
  )

  await check('hooks get the span, the topic and the message', async () =>
    hooked.filter(({ topic }) => topic === name('each')),
  )

  await check('metrics: messages that were sent and handled, and how long handlers took', async () => {
    const read = await readMetrics()
    const counts = (metric: string): Record<string, number> =>
      Object.fromEntries(
        (read.get(metric) ?? []).map(({ attributes, count }) => [labelOf(attributes), count]),
      )
    return {
      sent: counts('messaging.client.sent.messages'),
      consumed: counts('messaging.client.consumed.messages'),
      processed: counts('messaging.process.duration'),
    }
  })
  await check('metrics: how long requests took, by their names and brokers', async () => {
    const points = (await readMetrics()).get('messaging.client.operation.duration') ?? []
    const names = points.map(({ attributes }) => attributes['messaging.operation.name'])
    const ports = points.map(({ attributes }) => `:${String(attributes['server.port'])}`)
    return {
      common: ['Produce', 'Fetch', 'JoinGroup', 'SyncGroup', 'OffsetCommit'].filter((each) =>
        names.includes(each),
      ),
      attributes: Object.keys(points[0]?.attributes ?? {}).sort(),
      ofBrokers: ports.every((port) => brokers.some((broker) => broker.endsWith(port))),
      counted: points.every(({ count }) => count > 0),
    }
  })
  await producer.disconnect()
  await admin.disconnect()
  await endTelemetry()
})

function labelOf(attributes: Record<string, unknown>): string {
  const parts = ['destination.name', 'destination.partition.id'].map(
    (name) => attributes[`messaging.${name}`],
  )
  return [...parts, attributes['error.type']].filter((part) => part !== undefined).join(' ')
}
