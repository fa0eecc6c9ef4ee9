import {
  monitorKafkaJSAdmin,
  monitorKafkaJSConsumer,
  monitorKafkaJSProducer,
} from '@christiangalsterer/kafkajs-prometheus-exporter'
import { createServer, get } from 'node:http'
import type { AddressInfo } from 'node:net'
import { Kafka } from 'kafkajs'
import { Registry } from 'prom-client'
import { application, until } from './support/application.js'
import { createTopics, readMessages, withProducer } from './support/kafka.js'

// A scrape of what `@christiangalsterer/kafkajs-prometheus-exporter` counts of a producer, a consumer and an admin.

/** Serves the metrics once, and fetches them as Prometheus does. */
async function scrape(register: Registry): Promise<string> {
  const server = createServer((_, response) => {
    response.writeHead(200, { 'content-type': register.contentType })
    void register.metrics().then((text) => response.end(text))
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const { port } = server.address() as AddressInfo
  try {
    return await new Promise((resolve, reject) => {
      get(`http://127.0.0.1:${port}/metrics`, { agent: false }, (response) => {
        let text = ''
        response.setEncoding('utf8').on('data', (part: string) => (text += part))
        response.once('end', () => resolve(text))
      }).once('error', reject)
    })
  } finally {
    server.close()
  }
}

interface Sample {
  readonly labels: Record<string, string>
  readonly value: number
}

/** The samples by their metrics, without the buckets of histograms. */
function samplesOf(text: string): Map<string, Sample[]> {
  const found = new Map<string, Sample[]>()
  for (const line of text.split('\n')) {
    const [, metric = '', labels = '', value] = /^(kafka_\w+?)(?:\{(.*)\})? (\S+)$/.exec(line) ?? []
    if (metric === '' || metric.endsWith('_bucket')) continue
    const pairs = [...labels.matchAll(/(\w+)="([^"]*)"/g)].map(([, label, text]) => [label, text] as const)
    const samples = found.get(metric) ?? []
    samples.push({ labels: Object.fromEntries(pairs) as Record<string, string>, value: Number(value) })
    found.set(metric, samples)
  }
  return found
}

const sum = (samples: readonly Sample[] = []) => samples.reduce((total, { value }) => total + value, 0)

/** A fresh cluster has no coordinators yet, which ends KafkaJS's consumer once; the numbers are of the time after. */
async function warmUp(kafka: Kafka, topic: string): Promise<void> {
  await createTopics(kafka, topic)
  await withProducer(kafka, (producer) => producer.send({ topic, messages: [{ value: 'first' }] }))
  await readMessages(kafka, topic, 1, () => {})
}

void application(async ({ brokers, name, check }) => {
  const kafka = new Kafka({ brokers, clientId: 'shop', logLevel: 0 })
  const register = new Registry()
  const defaultLabels = { app: 'shop' }
  const topic = name('orders')
  const groupId = name('readers')
  await warmUp(kafka, name('warm-up'))
  const admin = kafka.admin()
  const producer = kafka.producer()
  const consumer = kafka.consumer({ groupId, heartbeatInterval: 50, maxWaitTimeInMs: 50 })
  monitorKafkaJSAdmin(admin, register, { defaultLabels })
  monitorKafkaJSProducer(producer, register, { defaultLabels })
  monitorKafkaJSConsumer(consumer, register, { defaultLabels })

  let read = 0
  let heartbeats = 0
  let memberId = ''
  consumer.on('consumer.heartbeat', () => void heartbeats++)
  consumer.on('consumer.group_join', ({ payload }) => void (memberId = payload.memberId))
  await admin.connect()
  await createTopics(kafka, topic)
  await producer.connect()
  for (let i = 0; i < 10; i++) await producer.send({ topic, messages: [{ value: `${i}` }] })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({ eachMessage: async () => void read++ })
  await until(() => read === 10 && heartbeats >= 3, 'messages and heartbeats')
  const during = samplesOf(await scrape(register))
  await Promise.all([admin.disconnect(), producer.disconnect(), consumer.disconnect()])
  const after = samplesOf(await scrape(register))

  // Gauges of queues have no sample before something waited.
  const metrics = [...during].filter(([metric]) => !metric.endsWith('_queue_size'))
  await check('the metrics and their labels', async () =>
    metrics.map(([metric, [sample]]) => `${metric} ${Object.keys(sample?.labels ?? {}).join(' ')}`).sort(),
  )
  await check('the metrics that stayed zero', async () =>
    metrics
      .filter(([metric, samples]) => !metric.endsWith('_sum') && sum(samples) <= 0)
      .map(([metric]) => metric),
  )
  await check('the requests of ten sends', async () => {
    const requests = sum(during.get('kafka_producer_request_total'))
    const bytes = sum(during.get('kafka_producer_request_size_total'))
    return requests >= 10 && requests < 40 && bytes > 10 * 50
  })
  await check('the requests by brokers', async () =>
    ['admin', 'producer', 'consumer'].map((client) => {
      const found = during.get(`kafka_${client}_request_total`) ?? []
      return found.every(({ labels }) => /^[\w.]+:\d+$/.test(labels['broker'] ?? ''))
    }),
  )
  await check('the heartbeats by member', async () =>
    during.get('kafka_consumer_heartbeat_total')?.map(({ labels }) => ({
      ...labels,
      member_id: labels['member_id'] === memberId ? 'the member' : labels['member_id'],
    })),
  )
  await check('the messages by partition', async () => during.get('kafka_consumer_batch_size_total'))
  await check('the durations in seconds, within those of the program', async () =>
    ['fetch_duration', 'batch_duration', 'request_duration'].map((what) => {
      const seconds = sum(during.get(`kafka_consumer_${what}_seconds_sum`))
      return seconds >= 0 && seconds < 60
    }),
  )
  await check('the connections in the end', async () =>
    ['admin', 'producer', 'consumer'].map((client) => ({
      open: sum(after.get(`kafka_${client}_connection_count`)),
      created: sum(after.get(`kafka_${client}_connection_creation_total`)),
      closed: sum(after.get(`kafka_${client}_connection_close_total`)),
    })),
  )
})
