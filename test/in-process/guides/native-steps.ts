// The programs of docs/migrating-from-kafkajs.md as they are after, written to our own API. What stands between `// guide:`
// and `// end` is what the guide shows; the rest lets it run.
import {
  deadLetter,
  isKafkaError,
  json,
  Kafka,
  type Message,
  onDiagnostics,
  type PartitionerFunction,
  silentLogger,
  string,
  topic,
} from 'typed-kafka'
import type { Step } from './step'

/** Connection settings as a deployment has them. */
export const production = (password: string, ca: string): Kafka => {
  // guide: connect after
  const kafka = new Kafka({
    clientId: 'shop',
    brokers: ['kafka-1.example.com:9093', 'kafka-2.example.com:9093'],
    tls: { ca: [ca] },
    sasl: { mechanism: 'SCRAM-SHA-512', username: 'shop', password },
    connectionSetupTimeoutMs: 3000,
    requestTimeoutMs: 25000,
    retryBackoffMs: 100,
    retryBackoffMaxMs: 1000,
  })
  // end
  return kafka
}

export const send: Step = async ({ brokers }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  // guide: send after
  const producer = kafka.producer()
  const { partition, offset } = await producer.send('orders', {
    key: 'o-1',
    value: 'paid',
    headers: { source: 'web' },
  })
  console.log(partition, offset) // 0 0n
  await producer.close()
  // end
}

export const batches: Step = async ({ brokers }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  const rows = [{ id: 'o-1' }, { id: 'o-2' }]
  // guide: batches after
  const producer = kafka.producer({ compression: 'gzip' })
  await Promise.all([
    producer.send(
      'orders',
      rows.map((row) => ({ key: row.id, value: JSON.stringify(row) })),
    ),
    producer.send('audit', { value: `${rows.length} orders` }),
  ])
  // end
  await producer.close()
}

export const typed: Step = async ({ brokers, save, signal }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  // guide: typed
  const orders = topic('orders', { key: string(), value: json<{ total: number }>() })

  const producer = kafka.producer()
  await producer.send(orders, { key: 'o-1', value: { total: 30 } })

  const consumer = kafka.consumer({ groupId: 'billing', topics: [orders], startFrom: 'earliest' })
  await consumer.run(
    async (message) => {
      await save({
        topic: message.topic,
        offset: message.offset,
        value: `${message.key} ${message.value.total}`,
      })
    },
    { signal },
  )
  // end
  await Promise.all([producer.close(), consumer.close()])
}

export const partitioner: Step = async ({ brokers }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  // guide: partitioner after
  const byTenant: PartitionerFunction = ({ headers, partitionCount }) =>
    headers.some(({ key, value }) => key === 'tenant' && value === 'big')
      ? 0
      : 1 + Math.floor(Math.random() * (partitionCount - 1))
  const producer = kafka.producer({ partitioner: byTenant })
  // end
  await producer.send('orders', [{ value: 'a', headers: { tenant: 'big' } }, { value: 'b' }])
  await producer.close()
}

export const each: Step = async ({ brokers, save, signal }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  // guide: each after
  const consumer = kafka.consumer({
    groupId: 'billing',
    topics: ['orders', /^events\./],
    startFrom: 'earliest',
    isolationLevel: 'read_committed', // KafkaJS's default; ours is Java's, read_uncommitted
    sessionTimeoutMs: 30000,
  })
  await consumer.run(
    async ({ topic, partition, offset, value }) => {
      await save({ topic, partition, offset, value: value?.toString() })
    },
    { concurrency: 3, signal },
  )
  await consumer.close()
  // end
}

export const together: Step = async ({ brokers, save, signal }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  // guide: together
  const consumer = kafka.consumer({
    groupId: 'billing',
    topics: ['orders'],
    assignors: ['roundrobin'],
  })
  // end
  await consumer.run(({ topic, offset }) => save({ topic, offset }), { signal })
  await consumer.close()
}

export const shutdown: Step = async ({ brokers, save, signal }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  const consumer = kafka.consumer({ groupId: 'billing', topics: ['orders'], startFrom: 'earliest' })
  const handler = ({ topic, offset }: Message) => save({ topic, offset })
  const emit = () => process.emit('SIGTERM')
  signal.addEventListener('abort', emit)
  // guide: shutdown after
  const shutdown = new AbortController()
  process.once('SIGTERM', () => shutdown.abort())

  await consumer.run(handler, { signal: shutdown.signal })
  await consumer.close()
  // end
  signal.removeEventListener('abort', emit)
}

export const iterate: Step = async ({ brokers, save, signal }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  const consumer = kafka.consumer({ groupId: 'billing', topics: ['orders'], startFrom: 'earliest' })
  // guide: iterate after
  for await (const { topic, partition, offset, value } of consumer.messages({ signal })) {
    await save({ topic, partition, offset, value: value?.toString() })
  }
  // end
  await consumer.close()
}

export const eachBatch: Step = async ({ brokers, save, signal }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  const consumer = kafka.consumer({ groupId: 'billing', topics: ['orders'], startFrom: 'earliest' })
  // guide: eachBatch after
  await consumer.runBatches(
    async (batch, { finish, signal: lost }) => {
      for (const message of batch) {
        if (lost.aborted) return
        await save({ topic: batch.topic, offset: message.offset, value: message.value?.toString() })
        finish(message)
      }
    },
    { maxMessages: 10_000, signal },
  )
  // end
  await consumer.close()
}

export const commits: Step = async ({ brokers, save, signal }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  // guide: commits after
  const consumer = kafka.consumer({
    groupId: 'billing',
    topics: ['orders'],
    startFrom: 'earliest',
    autoCommit: false,
  })
  await consumer.run(
    async ({ topic, partition, offset }) => {
      await save({ topic, partition, offset })
      await consumer.commit([{ topic, partition, offset: offset + 1n }])
    },
    { signal },
  )
  // end
  await consumer.close()
}

export const positions: Step = async ({ brokers, save, signal }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  let isLimited = true
  // guide: positions after
  const consumer = kafka.consumer({
    groupId: 'billing',
    topics: ['orders'],
    startFrom: 'earliest',
    onPartitionsAssigned: (partitions) => {
      for (const partition of partitions) consumer.seek(partition, 'beginning')
    },
  })
  await consumer.run(
    async ({ topic, partition, offset }) => {
      if (isLimited) {
        consumer.pause([{ topic, partition }])
        setTimeout(() => consumer.resume([{ topic, partition }]), 50)
        isLimited = false
        throw new Error('The rate limit is reached')
      }
      await save({ topic, offset })
    },
    { onError: { retries: Infinity }, signal },
  )
  // end
  await consumer.close()
}

export const failures: Step = async ({ brokers, handle, signal }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  const producer = kafka.producer()
  const consumer = kafka.consumer({ groupId: 'billing', topics: ['orders'], startFrom: 'earliest' })
  // guide: failures after
  await consumer.run(({ value }) => handle(value?.toString()), {
    onError: { retries: 3, retryBackoffMs: 10, giveUp: deadLetter(producer) },
    signal,
  })
  // end
  await Promise.all([consumer.close(), producer.close()])
}

export const transactions: Step = async ({ brokers }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  // guide: transactions after
  const producer = kafka.producer({ transactionalId: 'billing-1' })
  await producer.transaction(async (tx) => {
    await tx.send('invoices', { key: 'o-1', value: 'paid' })
    await tx.sendOffsets([{ topic: 'orders', partition: 0, offset: 1n }], { groupId: 'billing' })
  })
  // end
  await producer.close()
}

export const exactlyOnce: Step = async ({ brokers, save, signal }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  // guide: exactlyOnce
  const producer = kafka.producer({ transactionalId: 'billing-1' })
  const consumer = kafka.consumer({
    groupId: 'billing',
    topics: ['orders'],
    startFrom: 'earliest',
    isolationLevel: 'read_committed',
  })
  await consumer.processTransactionally(
    producer,
    async (batch, tx) => {
      for (const { key, value } of batch) await tx.send('invoices', { key, value })
    },
    { signal },
  )
  // end
  void save
  await Promise.all([consumer.close(), producer.close()])
}

export const admin: Step = async ({ brokers, log }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  // guide: admin after
  const admin = kafka.admin()
  const [created] = await admin.createTopics(
    [{ name: 'clicks', partitions: 3, configs: { 'retention.ms': 3600000 } }],
    { partial: true },
  )
  const isNew = created?.error === null
  const partitions = [0, 1, 2].map((partition) => ({ topic: 'clicks', partition }))
  const ends = await admin.listOffsets(partitions.map((one) => ({ ...one, at: 'latest' as const })))
  const [committed] = await admin.listGroupOffsets([{ groupId: 'billing', partitions }])
  await admin.alterGroupOffsets(partitions.map((one) => ({ ...one, groupId: 'billing', offset: 0n })))
  await admin.close()
  // end
  log({ isNew, ends: ends.length, committed: committed?.offsets.length })
}

export const errors: Step = async ({ brokers, log }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  const producer = kafka.producer()
  // guide: errors after
  try {
    await producer.send('orders', { value: Buffer.alloc(5_000_000) })
  } catch (error) {
    if (isKafkaError(error) && error.code === 'MESSAGE_TOO_LARGE') log('drop it')
    else throw new Error('The order was not published', { cause: error })
  }
  // end
  await producer.close()
}

export const events: Step = async ({ brokers, save, signal, log }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  // guide: events after
  const consumer = kafka.consumer({
    groupId: 'billing',
    topics: ['orders'],
    startFrom: 'earliest',
    onPartitionsAssigned: (partitions) => log('assigned', partitions),
  })
  const stop = onDiagnostics('typed-kafka:consumer:fetched', ({ groupId, recordCount, latencyMs }) => {
    log('fetched', groupId, recordCount, latencyMs)
  })
  const timer = setInterval(() => {
    const { recordsLagMax, recordsConsumedRate } = consumer.metrics()
    log('lag', recordsLagMax, recordsConsumedRate, consumer.health().state)
  }, 10_000)
  // end
  await consumer.run(({ topic, offset }) => save({ topic, offset }), { signal })
  // No crash is to be waited for: `run` rejects.
  clearInterval(timer)
  stop()
  await consumer.close()
}

export const logging: Step = async ({ brokers, logger }) => {
  // guide: logging after
  const kafka = new Kafka({ brokers, logger })
  // end
  const producer = kafka.producer()
  await producer.connect()
  await producer.close()
}
