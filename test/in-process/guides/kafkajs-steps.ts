// The programs of docs/migrating-from-kafkajs.md as they are before, written to KafkaJS. What stands between `// guide:` and
// `// end` is what the guide shows; the rest lets it run.
import {
  CompressionTypes,
  Kafka,
  type KafkaJSProtocolError,
  logLevel,
  PartitionAssigners,
  type Partitioners,
} from 'typed-kafka/kafkajs'
import type { Step } from './step'

type CreatePartitioner = typeof Partitioners.DefaultPartitioner

/** Connection settings as a deployment has them. */
export const production = (password: string, ca: string): Kafka => {
  // guide: connect before
  const kafka = new Kafka({
    clientId: 'shop',
    brokers: ['kafka-1.example.com:9093', 'kafka-2.example.com:9093'],
    ssl: { ca: [ca] },
    sasl: { mechanism: 'scram-sha-512', username: 'shop', password },
    connectionTimeout: 3000,
    requestTimeout: 25000,
    retry: { initialRetryTime: 100, maxRetryTime: 1000 },
    logLevel: logLevel.WARN,
  })
  // end
  return kafka
}

export const send: Step = async ({ brokers }) => {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  // guide: send before
  const producer = kafka.producer()
  await producer.connect()
  const [stored] = await producer.send({
    topic: 'orders',
    messages: [{ key: 'o-1', value: 'paid', headers: { source: 'web' } }],
  })
  console.log(stored?.partition, stored?.baseOffset) // 0 '0'
  await producer.disconnect()
  // end
}

export const batches: Step = async ({ brokers }) => {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  const rows = [{ id: 'o-1' }, { id: 'o-2' }]
  // guide: batches before
  const producer = kafka.producer({ idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  await producer.sendBatch({
    topicMessages: [
      { topic: 'orders', messages: rows.map((row) => ({ key: row.id, value: JSON.stringify(row) })) },
      { topic: 'audit', messages: [{ value: `${rows.length} orders` }] },
    ],
    acks: -1,
    compression: CompressionTypes.GZIP,
  })
  // end
  await producer.disconnect()
}

export const partitioner: Step = async ({ brokers }) => {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  // guide: partitioner before
  const createPartitioner: CreatePartitioner = () => {
    return ({ message, partitionMetadata }) =>
      message.headers?.['tenant'] === 'big'
        ? 0
        : 1 + Math.floor(Math.random() * (partitionMetadata.length - 1))
  }
  const producer = kafka.producer({ createPartitioner })
  // end
  await producer.connect()
  await producer.send({
    topic: 'orders',
    messages: [{ value: 'a', headers: { tenant: 'big' } }, { value: 'b' }],
  })
  await producer.disconnect()
}

export const each: Step = async ({ brokers, save, until }) => {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  // guide: each before
  const consumer = kafka.consumer({ groupId: 'billing', sessionTimeout: 30000 })
  await consumer.connect()
  await consumer.subscribe({ topics: ['orders', /^events\./], fromBeginning: true })
  await consumer.run({
    partitionsConsumedConcurrently: 3,
    eachMessage: async ({ topic, partition, message, heartbeat }) => {
      await save({ topic, partition, offset: message.offset, value: message.value?.toString() })
      await heartbeat()
    },
  })
  // end
  await until()
  // guide: shutdown before
  process.once('SIGTERM', () => void consumer.disconnect().then(() => process.exit(0)))
  // end
  process.removeAllListeners('SIGTERM')
  await consumer.disconnect()
}

export const beyond: Step = async ({ brokers, save, until }) => {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  // guide: beyond
  const consumer = kafka.consumer({
    groupId: 'billing',
    groupInstanceId: 'billing-0', // a restart within sessionTimeout moves nothing
    partitionAssigners: [PartitionAssigners.cooperativeSticky], // a rebalance stops only what moves
  })
  // end
  await consumer.connect()
  await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
  await consumer.run({ eachMessage: async ({ topic, message }) => save({ topic, offset: message.offset }) })
  await until()
  await consumer.disconnect()
}

export const nextGeneration: Step = async ({ brokers, save, until }) => {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  // guide: next generation
  const consumer = kafka.consumer({ groupId: 'billing', groupProtocol: 'consumer' }) // KIP-848, Kafka 4.0
  // end
  await consumer.connect()
  await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
  await consumer.run({ eachMessage: async ({ topic, message }) => save({ topic, offset: message.offset }) })
  await until()
  await consumer.disconnect()
}

export const eachBatch: Step = async ({ brokers, save, until }) => {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: 'billing' })
  await consumer.connect()
  await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
  // guide: eachBatch before
  await consumer.run({
    eachBatchAutoResolve: false,
    eachBatch: async ({ batch, resolveOffset, heartbeat, isRunning, isStale }) => {
      for (const message of batch.messages) {
        if (!isRunning() || isStale()) break
        await save({ topic: batch.topic, offset: message.offset, value: message.value?.toString() })
        resolveOffset(message.offset)
        await heartbeat()
      }
    },
  })
  // end
  await until()
  await consumer.disconnect()
}

export const commits: Step = async ({ brokers, save, until }) => {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: 'billing' })
  await consumer.connect()
  await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
  // guide: commits before
  await consumer.run({
    autoCommit: false,
    eachMessage: async ({ topic, partition, message }) => {
      await save({ topic, partition, offset: message.offset })
      await consumer.commitOffsets([{ topic, partition, offset: (BigInt(message.offset) + 1n).toString() }])
    },
  })
  // end
  await until()
  await consumer.disconnect()
}

export const positions: Step = async ({ brokers, save, until }) => {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: 'billing' })
  await consumer.connect()
  await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
  let isLimited = true
  // guide: positions before
  await consumer.run({
    eachMessage: async ({ topic, message, pause }) => {
      if (isLimited) {
        const resume = pause()
        setTimeout(resume, 50)
        isLimited = false
        throw new Error('The rate limit is reached')
      }
      await save({ topic, offset: message.offset })
    },
  })
  consumer.seek({ topic: 'orders', partition: 0, offset: '0' })
  // end
  await until()
  await consumer.disconnect()
}

export const failures: Step = async ({ brokers, save, until, handle }) => {
  const kafka = new Kafka({
    brokers,
    logLevel: logLevel.NOTHING,
    retry: { initialRetryTime: 1, maxRetryTime: 5 },
  })
  const producer = kafka.producer()
  await producer.connect()
  const consumer = kafka.consumer({ groupId: 'billing' })
  await consumer.connect()
  await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
  // guide: failures before
  await consumer.run({
    eachMessage: async ({ topic, partition, message }) => {
      for (let attempt = 1; ; attempt++) {
        try {
          return await handle(message.value?.toString())
        } catch (error) {
          if (attempt <= 3) continue
          const { key, value, headers } = message
          const from = `${topic}-${partition}@${message.offset}`
          await producer.send({
            topic: `${topic}.dead-letter`,
            messages: [{ key, value, headers: { ...headers, from, error: (error as Error).message } }],
          })
          return
        }
      }
    },
  })
  // end
  void save
  await until()
  await consumer.disconnect()
  await producer.disconnect()
}

export const transactions: Step = async ({ brokers }) => {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  // guide: transactions before
  const producer = kafka.producer({ transactionalId: 'billing-1', idempotent: true, maxInFlightRequests: 1 })
  await producer.connect()
  const transaction = await producer.transaction()
  try {
    await transaction.send({ topic: 'invoices', messages: [{ key: 'o-1', value: 'paid' }] })
    await transaction.sendOffsets({
      consumerGroupId: 'billing',
      topics: [{ topic: 'orders', partitions: [{ partition: 0, offset: '1' }] }],
    })
    await transaction.commit()
  } catch (error) {
    await transaction.abort()
    throw error
  }
  // end
  await producer.disconnect()
}

export const admin: Step = async ({ brokers, log }) => {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  // guide: admin before
  const admin = kafka.admin()
  await admin.connect()
  const isNew = await admin.createTopics({
    topics: [
      { topic: 'clicks', numPartitions: 3, configEntries: [{ name: 'retention.ms', value: '3600000' }] },
    ],
  })
  const ends = await admin.fetchTopicOffsets('clicks') // [{ partition: 0, offset: '0', high: '0', low: '0' }, …]
  const [committed] = await admin.fetchOffsets({ groupId: 'billing', topics: ['clicks'] })
  await admin.resetOffsets({ groupId: 'billing', topic: 'clicks', earliest: true })
  await admin.disconnect()
  // end
  log({ isNew, ends: ends.length, committed: committed?.partitions.length })
}

export const errors: Step = async ({ brokers, log }) => {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING, retry: { retries: 0 } })
  const producer = kafka.producer({ allowAutoTopicCreation: false })
  await producer.connect()
  // guide: errors before
  try {
    await producer.send({ topic: 'orders', messages: [{ value: Buffer.alloc(5_000_000) }] })
  } catch (error) {
    const { name, type, cause } = error as KafkaJSProtocolError
    if (type === 'MESSAGE_TOO_LARGE' || (cause as KafkaJSProtocolError)?.type === 'MESSAGE_TOO_LARGE') {
      log('drop it')
    } else {
      throw new Error(`The order was not published: ${name}`, { cause: error })
    }
  }
  // end
  await producer.disconnect()
}

export const events: Step = async ({ brokers, save, until, log }) => {
  const kafka = new Kafka({ brokers, logLevel: logLevel.NOTHING })
  const consumer = kafka.consumer({ groupId: 'billing' })
  await consumer.connect()
  await consumer.subscribe({ topics: ['orders'], fromBeginning: true })
  // guide: events before
  const { GROUP_JOIN, CRASH, END_BATCH_PROCESS } = consumer.events
  consumer.on(GROUP_JOIN, ({ payload }) => log('assigned', payload.memberAssignment))
  consumer.on(CRASH, ({ payload }) => log('crashed', payload.error.message, payload.restart))
  consumer.on(END_BATCH_PROCESS, ({ payload }) => log('lag', payload.offsetLag, payload.duration))
  // end
  await consumer.run({ eachMessage: async ({ topic, message }) => save({ topic, offset: message.offset }) })
  await until()
  await consumer.disconnect()
}

export const logging: Step = async ({ brokers, logger }) => {
  // guide: logging before
  const kafka = new Kafka({
    brokers,
    logLevel: logLevel.INFO,
    logCreator:
      () =>
      ({ namespace, level, log: { message, ...details } }) => {
        if (level <= logLevel.ERROR) logger.error(`${namespace}: ${message}`, details)
        else if (level === logLevel.WARN) logger.warn(`${namespace}: ${message}`, details)
        else logger.info(`${namespace}: ${message}`, details)
      },
  })
  // end
  const producer = kafka.producer()
  await producer.connect()
  await producer.disconnect()
}
