import tracer from 'dd-trace'
import { get } from 'node:http'
import { Kafka, type Message } from 'kafkajs'
import { application, until } from './support/application.js'
import { createTopics } from './support/kafka.js'

// What Datadog's tracer sees, loaded as its users do, before the program: it replaces the class, the factories of producers
// and consumers and their methods. The agent keeps what it is sent.

interface AgentSpan {
  trace_id: string
  span_id: string
  parent_id: string
  name: string
  resource: string
  error: number
  meta: Record<string, string>
  metrics: Record<string, number>
}

interface Received {
  spans: AgentSpan[]
  streams: {
    Stats: { Stats: { EdgeTags: string[] }[]; Backlogs?: { Tags: string[]; Value: number | string }[] }[]
  }[]
}

function received(): Promise<Received> {
  return new Promise((resolve, reject) => {
    get(`${process.env['DD_TRACE_AGENT_URL']}/received`, { agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('end', () => resolve(JSON.parse(Buffer.concat(chunks).toString()) as Received))
    }).once('error', reject)
  })
}

const metaKeys = [
  'component',
  'kafka.topic',
  'kafka.group',
  'messaging.destination.name',
  'span.kind',
  'kafka.messages.offsets',
].concat([
  'kafka.message.offset',
  'error.type',
  'error.message',
  'messaging.kafka.bootstrap.servers',
  'kafka.cluster_id',
])
const metricKeys = ['kafka.batch_size', 'kafka.partition', 'messaging.batch.message_count']

void application(async ({ brokers, name, check }) => {
  const kafka = new Kafka({ brokers, clientId: 'traced', logLevel: 0, retry: { initialRetryTime: 50 } })
  const admin = kafka.admin()
  await admin.connect()
  const topics = ['first', 'orders', 'payments', 'each', 'failing', 'batch'].map(name)
  await createTopics(kafka, ...topics)
  const { clusterId } = await admin.describeCluster()
  const producer = kafka.producer()
  await producer.connect()
  await producer.send({ topic: name('first'), messages: [{ value: '0' }] })

  const describe = (span: AgentSpan, all: AgentSpan[]): object => {
    const parent = all.find((each) => each.span_id === span.parent_id)
    const meta = metaKeys.flatMap((key) =>
      span.meta[key] === undefined ? [] : [[key, span.meta[key]] as const],
    )
    const metrics = metricKeys.flatMap((key) =>
      span.metrics[key] === undefined ? [] : [[key, span.metrics[key]] as const],
    )
    const tags = Object.fromEntries<unknown>([...meta, ...metrics])
    // The rest of the message is the message that was refused, with the headers of its trace.
    if (span.error) tags['error.message'] = span.meta['error.message']?.split(': {')[0]
    if (tags['kafka.cluster_id'] === clusterId) tags['kafka.cluster_id'] = 'that of the cluster'
    if (tags['messaging.kafka.bootstrap.servers'] === brokers.join(','))
      tags['messaging.kafka.bootstrap.servers'] = 'the brokers'
    const { name, resource, error } = span
    return { name, resource, error, parent: parent?.name ?? null, links: linksOf(span, all), tags }
  }
  /** The spans of a topic, once there are so many. */
  const spansOf = async (topic: string, count: number): Promise<object[]> => {
    let spans: AgentSpan[] = []
    for (let left = 100; left > 0; left--) {
      spans = (await received()).spans
      if (spans.filter(({ resource }) => resource === topic).length >= count) break
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    return spans
      .filter(({ resource }) => resource === topic)
      .map((span) => describe(span, spans))
      .sort((a, b) => (JSON.stringify(a) < JSON.stringify(b) ? -1 : 1))
  }

  await check('send: one span a call, in the span that is active; messages stay as they were', async () => {
    const messages = [{ key: 'a', value: '1' }, { value: '2' }]
    await tracer.trace('request', async () => await producer.send({ topic: name('orders'), messages }))
    return { messages, spans: await spansOf(name('orders'), 1) }
  })
  await check('sendBatch: one span a topic, and none twice', async () => {
    const topicMessages = [
      { topic: name('orders'), messages: [{ value: '3' }] },
      { topic: name('payments'), messages: [{ value: '4' }, { value: '5' }] },
    ]
    await producer.sendBatch({ topicMessages })
    return { orders: await spansOf(name('orders'), 2), payments: await spansOf(name('payments'), 1) }
  })
  await check('a send that fails has the error in its span', async () => {
    const topic = name('refused')
    const withoutValue = JSON.parse('{}') as Message
    const error = await producer
      .send({ topic, messages: [withoutValue] })
      .catch((reason: Error) => reason.name)
    return { error, spans: await spansOf(topic, 1) }
  })
  await check('eachMessage: a span a message, part of the trace that sent it', async () => {
    await producer.send({ topic: name('each'), messages: [{ key: 'k', value: 'v' }] })
    const consumer = kafka.consumer({ groupId: name('each'), maxWaitTimeInMs: 100 })
    await consumer.connect()
    await consumer.subscribe({ topics: [name('each')], fromBeginning: true })
    const active: unknown[] = []
    await consumer.run({
      eachMessage: async () => {
        const span = tracer.scope().active()
        active.push(span === null ? null : 'a span')
      },
    })
    await until(() => active.length === 1, 'the message')
    await consumer.disconnect()
    return { active, spans: await spansOf(name('each'), 2) }
  })
  await check(
    'eachMessage: a handler that fails has the error in its span, and its retry has one of its own',
    async () => {
      await producer.send({ topic: name('failing'), messages: [{ value: 'v' }] })
      const consumer = kafka.consumer({ groupId: name('failing'), maxWaitTimeInMs: 100 })
      await consumer.connect()
      await consumer.subscribe({ topics: [name('failing')], fromBeginning: true })
      let calls = 0
      await consumer.run({
        eachMessage: async () => {
          if (++calls === 1) throw new Error('not this time')
        },
      })
      await until(() => calls === 2, 'the retry')
      await consumer.disconnect()
      return await spansOf(name('failing'), 3)
    },
  )
  await check('eachBatch: a span of the batch, with links to where its messages were sent', async () => {
    const topic = name('batch')
    await producer.send({ topic, messages: [{ value: '1' }, { value: '2' }] })
    const consumer = kafka.consumer({ groupId: name('batch'), maxWaitTimeInMs: 100 })
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    let handled = 0
    await consumer.run({ eachBatch: async ({ batch }) => void (handled += batch.messages.length) })
    await until(() => handled === 2, 'both messages')
    await consumer.disconnect()
    return await spansOf(topic, 2)
  })
  await check('data streams: edges, what was produced, and what was committed', async () => {
    const wanted = `type:kafka_commit`
    const edges = new Set<string>()
    const backlogs = new Map<string, number>()
    for (let left = 100; left > 0; left--) {
      for (const { Stats } of (await received()).streams) {
        for (const bucket of Stats) {
          for (const { EdgeTags } of bucket.Stats) edges.add(EdgeTags.join(' '))
          for (const { Tags, Value } of bucket.Backlogs ?? []) backlogs.set(Tags.join(' '), Number(Value))
        }
      }
      if ([...backlogs.keys()].filter((tags) => tags.includes(wanted)).length === 3) break
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    const neutral = (text: string): string => text.replaceAll(clusterId, 'cluster')
    return {
      edges: [...edges].map(neutral).sort(),
      backlogs: Object.fromEntries(
        [...backlogs].map(([tags, value]) => [neutral(tags), value] as const).sort(),
      ),
    }
  })
  await producer.disconnect()
  await admin.disconnect()
})

function linksOf(span: AgentSpan, all: AgentSpan[]): string[] {
  const links = JSON.parse(span.meta['_dd.span_links'] ?? '[]') as { span_id: string }[]
  return links.map(
    ({ span_id: id }) => all.find((each) => BigInt(each.span_id) === BigInt(`0x${id}`))?.name ?? 'unknown',
  )
}
