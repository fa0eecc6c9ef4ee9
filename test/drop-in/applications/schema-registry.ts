import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { SchemaRegistry, SchemaType } from '@kafkajs/confluent-schema-registry'
import { Kafka, type Message } from 'kafkajs'
import { application } from './support/application.js'
import { createTopics, readMessages, withProducer } from './support/kafka.js'

// Messages that `@kafkajs/confluent-schema-registry` encodes and decodes, in each of its formats, with a registry that this
// program serves itself.

interface Registry {
  readonly host: string
  /** What it was asked, and the status it answered. */
  readonly asked: string[]
  close(): void
}

/** As much of a registry as the package asks for. */
async function serveRegistry(): Promise<Registry> {
  const schemas: unknown[] = []
  const asked: string[] = []
  const answer = (method: string, path: string, body: unknown): [number, unknown] => {
    if (method === 'GET' && path.startsWith('/config/')) return [404, { error_code: 40401 }]
    if (method === 'PUT' && path.startsWith('/config/')) return [200, body]
    if (method === 'POST' && path.endsWith('/versions')) return [200, { id: schemas.push(body) }]
    const schema = schemas[Number(/^\/schemas\/ids\/(\d+)$/.exec(path)?.[1]) - 1]
    return schema === undefined ? [404, { error_code: 40403 }] : [200, schema]
  }
  const server = createServer((request, response) => {
    let text = ''
    request.setEncoding('utf8').on('data', (part: string) => (text += part))
    request.once('end', () => {
      const [status, body] = answer(request.method ?? '', request.url ?? '', text && JSON.parse(text))
      asked.push(`${request.method} ${request.url} ${status}`)
      response.writeHead(status, { 'content-type': 'application/vnd.schemaregistry.v1+json' })
      response.end(JSON.stringify(body))
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const close = () => {
    server.close()
    server.closeAllConnections()
  }
  return { host: `http://127.0.0.1:${(server.address() as AddressInfo).port}`, asked, close }
}

const order = { id: 7, customer: 'Änne', tags: ['a', 'b'], note: null }

const formats = [
  {
    type: SchemaType.AVRO as const,
    schema: JSON.stringify({
      type: 'record',
      name: 'Order',
      namespace: 'shop',
      fields: [
        { name: 'id', type: 'int' },
        { name: 'customer', type: 'string' },
        { name: 'tags', type: { type: 'array', items: 'string' } },
        { name: 'note', type: ['null', 'string'], default: null },
      ],
    }),
    value: order,
  },
  {
    type: SchemaType.JSON as const,
    schema: JSON.stringify({
      $schema: 'http://json-schema.org/draft-07/schema#',
      type: 'object',
      properties: { id: { type: 'integer' }, customer: { type: 'string' } },
      required: ['id', 'customer'],
    }),
    value: order,
  },
  {
    type: SchemaType.PROTOBUF as const,
    schema:
      'syntax = "proto3"; package shop; message Order { int32 id = 1; string customer = 2; repeated string tags = 3; }',
    value: { id: order.id, customer: order.customer, tags: order.tags },
  },
]

void application(async ({ brokers, name, check }) => {
  const kafka = new Kafka({ brokers, clientId: 'schemas', logLevel: 0 })
  const registry = await serveRegistry()
  const writing = new SchemaRegistry({ host: registry.host })
  const reading = new SchemaRegistry({ host: registry.host })
  const topic = name('orders')
  await createTopics(kafka, topic)
  try {
    const messages: Message[] = []
    for (const { value, ...schema } of formats) {
      const { type } = schema
      const { id } = await writing.register(schema, { subject: `${type}-value` })
      messages.push({ key: type, value: await writing.encode(id, value) })
    }
    messages.push({ key: 'tombstone', value: null })
    await withProducer(kafka, (producer) => producer.send({ topic, messages }))

    await check('messages of each format come back, and nothing stays nothing', async () => {
      const read: unknown[] = []
      await readMessages(kafka, topic, messages.length, async ({ key, value }) => {
        const decoded: unknown = value === null ? null : await reading.decode(value)
        read.push({ key: String(key), head: value && value.subarray(0, 5).toString('hex'), decoded })
      })
      return read
    })
    await check('each schema is asked for once', async () => registry.asked)

    await check('what does not fit its schema is not sent', () => writing.encode(1, { id: 'seven' }))
  } finally {
    registry.close()
  }
})
