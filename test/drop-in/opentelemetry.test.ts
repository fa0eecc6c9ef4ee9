// Guards those who watch KafkaJS by OpenTelemetry: its instrumentation finds us by our name, and its spans and metrics are
// the same to the last attribute.
import { compareProgram } from './support/compare-program'
import { describeBrokers } from './support/describe-brokers'

type Attributes = Readonly<Record<string, unknown>>

const kafka = { 'messaging.system': 'kafka' }
const known = { 'messaging.kafka.cluster.id': 'that of the cluster' }
const topic = (name: string): Attributes => ({ 'messaging.destination.name': name })
const key = (value: string): Attributes => ({ 'messaging.kafka.message.key': value })
const offset = (value: string): Attributes => ({ 'messaging.kafka.offset': value })
const inPartition = { 'messaging.destination.partition.id': '0' }
const operation = (name: string, type = name): Attributes => ({
  'messaging.operation.name': name,
  'messaging.operation.type': type,
})

const span = (name: string, kind: string, parent: string | null, more: object = {}): object => ({
  ...{ name, kind, parent, status: 'UNSET', attributes: {}, links: [] },
  ...more,
})

/** The span of a message that was sent. */
const sent = (name: string, parent: string | null, attributes: Attributes = {}): object =>
  span(`send ${name}`, 'PRODUCER', parent, {
    attributes: { ...kafka, ...topic(name), ...operation('send'), ...known, ...attributes },
  })

/** The attributes of a message that is handled. */
const handled = (name: string, attributes: Attributes): Attributes => ({
  ...kafka,
  ...topic(name),
  ...operation('process'),
  ...inPartition,
  ...known,
  ...attributes,
})

const processed = (name: string, parent: string, attributes: Attributes, more: object = {}): object =>
  span(`process ${name}`, 'CONSUMER', parent, { attributes: handled(name, attributes), ...more })

const cases = {
  'the methods of the class are the instrumented ones': [true, true, true],
  'send: one span a message, in the span that is active': [
    span('request', 'INTERNAL', null),
    sent('orders', 'request', key('a')),
    sent('orders', 'request', { ...key('b'), 'messaging.kafka.message.tombstone': true }),
    sent('orders', 'request', inPartition),
  ],
  "send: the caller's messages carry the context": { mine: 'yes', keys: ['mine', 'traceparent'] },
  'sendBatch: one span a message, and none twice': [
    sent('orders', null),
    sent('orders', null),
    sent('payments', null, key('p')),
  ],
  'a send that fails ends its span with the error': {
    error: 'KafkaJSError',
    spans: [
      span('send orders', 'PRODUCER', null, {
        status: 'ERROR',
        message: 'The producer is disconnected',
        attributes: { ...kafka, ...topic('orders'), ...operation('send'), 'error.type': 'KafkaJSError' },
      }),
    ],
  },
  'a transaction: its span is the parent of what is sent in it': {
    afterCommit: [
      sent('payments', 'transaction', key('c1')),
      sent('payments', 'transaction', key('c2')),
      span('transaction', 'INTERNAL', null, { status: 'OK' }),
    ],
    afterAbort: [sent('payments', 'transaction', key('c3')), span('transaction', 'INTERNAL', null)],
  },
  'eachMessage: a span a message, whose parent is the span that sent it': {
    active: ['process each', 'process each'],
    spans: [
      span('order', 'INTERNAL', null),
      processed('each', 'send each', { ...key('k1'), ...offset('0') }),
      processed('each', 'send each', offset('1')),
      sent('each', 'order', key('k1')),
      sent('each', 'order'),
    ],
  },
  'eachMessage: a handler that fails ends its span with the error, and its retry has one of its own': [
    processed(
      'failing',
      'send failing',
      { ...offset('0'), 'error.type': 'Error' },
      { status: 'ERROR', message: 'not this time' },
    ),
    processed('failing', 'send failing', offset('0')),
  ],
  'eachBatch: a span of the batch, and one a message that links to where it was sent': {
    active: ['poll batch'],
    spans: [
      span('poll batch', 'CLIENT', null, {
        attributes: {
          ...{ ...kafka, ...topic('batch'), ...operation('poll', 'receive'), ...inPartition, ...known },
          'messaging.batch.message_count': 2,
        },
      }),
      processed('batch', 'poll batch', { ...key('b1'), ...offset('0') }, { links: ['send batch'] }),
      processed('batch', 'poll batch', { ...key('b2'), ...offset('1') }, { links: ['send batch'] }),
      sent('batch', null, key('b1')),
      sent('batch', null, key('b2')),
    ],
  },
  'hooks get the span, the topic and the message': ['producer', 'consumer'].flatMap((hook) =>
    ['v1', 'v2'].map((value) => ({
      ...{ hook, topic: 'each', value },
      name: hook === 'producer' ? 'send each' : 'process each',
    })),
  ),
  'metrics: messages that were sent and handled, and how long handlers took': {
    sent: {
      first: 1,
      orders: 5,
      'orders 0': 1,
      'orders KafkaJSError': 1,
      payments: 4,
      each: 2,
      failing: 1,
      batch: 2,
    },
    consumed: { 'each 0': 2, 'failing 0 Error': 1, 'failing 0': 1, 'batch 0': 2 },
    processed: { 'each 0': 2, 'failing 0 Error': 1, 'failing 0': 1, 'batch 0': 2 },
  },
  'metrics: how long requests took, by their names and brokers': {
    common: ['Produce', 'Fetch', 'JoinGroup', 'SyncGroup', 'OffsetCommit'],
    attributes: ['messaging.operation.name', 'messaging.system', 'server.address', 'server.port'],
    ofBrokers: true,
    counted: true,
  },
}

describeBrokers('OpenTelemetry', (brokers) => {
  describe('required', () => {
    compareProgram(() => ({ program: 'opentelemetry', brokers: brokers.bootstrap }), cases)
  })
  if (brokers.isReal) return
  describe('imported', () => {
    const nodeOptions = ['--experimental-loader', '@opentelemetry/instrumentation/hook.mjs']
    compareProgram(
      () => ({ program: 'opentelemetry', format: 'esm', nodeOptions, brokers: brokers.bootstrap }),
      cases,
    )
  })
})
