// Guards those who watch KafkaJS by Datadog's tracer, which reaches deepest into it: it extends the class, wraps the files
// of its factories, replaces methods and calls them without `this`.
import { compareProgram } from './support/compare-program'
import { describeBrokers } from './support/describe-brokers'
import type { Peer } from './support/peer-folders'
import { TraceAgent } from './support/trace-agent'

type Tags = Readonly<Record<string, unknown>>

const span = (name: string, topic: string, parent: string | null, tags: Tags, more: object = {}): object => ({
  ...{ name, resource: topic, error: 0, parent, links: [] },
  tags: {
    ...{ component: 'kafkajs', 'kafka.topic': topic, 'messaging.destination.name': topic },
    'kafka.cluster_id': 'that of the cluster',
    ...tags,
  },
  ...more,
})

const startingAt = (offset: string): string => JSON.stringify([{ partition: 0, start_offset: offset }])
const producing = (count: number): Tags => ({
  'span.kind': 'producer',
  'messaging.kafka.bootstrap.servers': 'the brokers',
  'kafka.batch_size': count,
})
/** A call that sent several messages of a topic. */
const producedAll = (topic: string, count: number, parent: string | null = null): object =>
  span('kafka.produce', topic, parent, { ...producing(count), 'kafka.messages.offsets': startingAt('0') })
/** A call that sent one: its span tells where it is. */
const produced = (topic: string, offset = '0'): object =>
  span('kafka.produce', topic, null, {
    ...producing(1),
    ...{ 'kafka.partition': 0, 'kafka.message.offset': offset, 'kafka.messages.offsets': startingAt(offset) },
  })
const consuming = { 'span.kind': 'consumer', 'kafka.partition': 0, 'kafka.message.offset': '0' }

const edge = (direction: string, topic: string): string =>
  `${direction} kafka_cluster_id:cluster topic:${topic} type:kafka`
const topicsSent = ['batch', 'each', 'failing', 'first', 'orders', 'payments']
const topicsRead = ['batch', 'each', 'failing']
const place = (topic: string, type: string): string =>
  `kafka_cluster_id:cluster partition:0 topic:${topic} type:${type}`

const cases = {
  'send: one span a call, in the span that is active; messages stay as they were': {
    messages: [{ key: 'a', value: '1' }, { value: '2' }],
    spans: [producedAll('orders', 2, 'request')],
  },
  'sendBatch: one span a topic, and none twice': {
    orders: [producedAll('orders', 2, 'request'), produced('orders', '2')],
    payments: [producedAll('payments', 2)],
  },
  'a send that fails has the error in its span': {
    error: 'KafkaJSNonRetriableError',
    spans: [
      span(
        'kafka.produce',
        'refused',
        null,
        {
          ...producing(1),
          'error.type': 'KafkaJSNonRetriableError',
          'error.message': 'Invalid message without value for topic "refused"',
        },
        { error: 1 },
      ),
    ],
  },
  'eachMessage: a span a message, part of the trace that sent it': {
    active: ['a span'],
    spans: [span('kafka.consume', 'each', 'kafka.produce', consuming), produced('each')],
  },
  'eachMessage: a handler that fails has the error in its span, and its retry has one of its own': [
    span('kafka.consume', 'failing', 'kafka.produce', consuming),
    span(
      'kafka.consume',
      'failing',
      'kafka.produce',
      { ...consuming, 'error.type': 'Error', 'error.message': 'not this time' },
      { error: 1 },
    ),
    produced('failing'),
  ],
  'eachBatch: a span of the batch, with links to where its messages were sent': [
    span(
      'kafka.consume',
      'batch',
      null,
      { 'span.kind': 'consumer', 'kafka.partition': 0, 'messaging.batch.message_count': 2 },
      { links: ['kafka.produce', 'kafka.produce'] },
    ),
    producedAll('batch', 2),
  ],
  'data streams: edges, what was produced, and what was committed': {
    edges: [
      ...topicsRead.map((topic) => edge(`direction:in group:${topic}`, topic)),
      ...[...topicsSent, 'refused'].map((topic) => edge('direction:out', topic)),
    ],
    backlogs: {
      ...Object.fromEntries(
        topicsSent.map((topic) => [place(topic, 'kafka_produce'), topic === 'orders' ? 2 : 0]),
      ),
      ...Object.fromEntries(
        topicsRead.map((topic) => [
          `consumer_group:${topic} ${place(topic, 'kafka_commit')}`,
          topic === 'batch' ? 2 : 1,
        ]),
      ),
    },
  },
}

const loadedBy = {
  cjs: ['--require', 'dd-trace/init'],
  esm: ['--import', 'dd-trace/initialize.mjs'],
}

describeBrokers("Datadog's tracer", (brokers) => {
  describe.each(brokers.isReal ? (['cjs'] as const) : (['cjs', 'esm'] as const))('%s', (format) => {
    const agents: Readonly<Record<Peer, TraceAgent>> = {
      kafkajs: new TraceAgent(),
      'typed-kafka': new TraceAgent(),
    }
    beforeAll(() => Promise.all(Object.values(agents).map((agent) => agent.start())))
    afterAll(() => Promise.all(Object.values(agents).map((agent) => agent.close())))
    compareProgram(
      (peer) => ({
        ...{ program: 'dd-trace', format, brokers: brokers.bootstrap, nodeOptions: loadedBy[format] },
        env: {
          DD_TRACE_AGENT_URL: agents[peer].url,
          DD_TRACE_FLUSH_INTERVAL: '100',
          DD_DATA_STREAMS_ENABLED: 'true',
          DD_INSTRUMENTATION_TELEMETRY_ENABLED: 'false',
          DD_REMOTE_CONFIGURATION_ENABLED: 'false',
          DD_TRACE_STARTUP_LOGS: 'false',
          DD_TRACE_DISABLED_PLUGINS: 'http,dns,net',
        },
      }),
      cases,
    )
  })
})
