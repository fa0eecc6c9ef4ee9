// A program as users of KafkaJS write them, typed by the names of its declarations. It is only compiled, once against
// KafkaJS and once against us.
import {
  type Admin,
  AssignerProtocol,
  type Batch,
  CompressionCodecs,
  CompressionTypes,
  ConfigResourceTypes,
  type Consumer,
  type ConsumerConfig,
  type EachBatchPayload,
  type EachMessagePayload,
  type ICustomPartitioner,
  Kafka,
  type KafkaConfig,
  KafkaJSConnectionError,
  KafkaJSError,
  KafkaJSNonRetriableError,
  KafkaJSNumberOfRetriesExceeded,
  KafkaJSProtocolError,
  type KafkaMessage,
  type LogEntry,
  type logCreator,
  logLevel,
  type Message,
  type PartitionAssigner,
  PartitionAssigners,
  Partitioners,
  type Producer,
  type ProducerRecord,
  type RecordMetadata,
  type SASLOptions,
  type Transaction,
} from 'kafkajs'

const toWinston: logCreator = (level: logLevel) => {
  const isLoud = level >= logLevel.INFO
  return ({ namespace, label, log }: LogEntry) => {
    const { message, timestamp, ...extra } = log
    if (isLoud) process.stdout.write(`${label} ${namespace} ${message} ${timestamp} ${extra['groupId']}\n`)
  }
}

const sasl: SASLOptions = { mechanism: 'scram-sha-512', username: 'u', password: 'p' }

const config: KafkaConfig = {
  clientId: 'service',
  brokers: async () => ['a:9092'],
  ssl: { rejectUnauthorized: false, ca: ['pem'] },
  sasl,
  retry: { retries: 8, initialRetryTime: 100, restartOnFailure: async (error: Error) => error.name !== 'x' },
  logCreator: toWinston,
  logLevel: logLevel.ERROR,
}

class TracedKafka extends Kafka {
  override producer(...args: Parameters<Kafka['producer']>): Producer {
    const producer = super.producer(...args)
    const { send } = producer
    producer.send = async (record: ProducerRecord): Promise<RecordMetadata[]> => {
      const messages: Message[] = record.messages.map((message) => ({
        ...message,
        headers: { ...message.headers, traceparent: '00' },
      }))
      return send({ ...record, messages })
    }
    return producer
  }
}

const byTenant: ICustomPartitioner = () => {
  const fallback = Partitioners.DefaultPartitioner()
  return ({ topic, partitionMetadata, message }) =>
    message.headers?.['tenant'] === 'big' ? 0 : fallback({ topic, partitionMetadata, message })
}

const sticky: PartitionAssigner = ({ cluster, groupId, logger }) => ({
  name: 'Sticky',
  version: 1,
  async assign({ members, topics }) {
    logger.debug('assigning', { groupId })
    const assignment = Object.fromEntries(
      topics.map((topic) => [topic, cluster.findTopicPartitionMetadata(topic).map((p) => p.partitionId)]),
    )
    return members.map(({ memberId }) => ({
      memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({
        version: 1,
        assignment,
        userData: Buffer.alloc(0),
      }),
    }))
  },
  protocol: ({ topics }) => ({
    name: 'Sticky',
    metadata: AssignerProtocol.MemberMetadata.encode({ version: 1, topics, userData: Buffer.alloc(0) }),
  }),
})

CompressionCodecs[CompressionTypes.Snappy] = () => ({
  compress: async (encoder: { buffer: Buffer }) => encoder.buffer,
  decompress: async (buffer: Buffer) => buffer,
})

const consumerConfig: ConsumerConfig = {
  groupId: 'g',
  partitionAssigners: [sticky, PartitionAssigners.roundRobin],
  retry: { retries: 3, restartOnFailure: async () => true },
}

function text(message: KafkaMessage): string {
  const header = message.headers?.['kind']
  const kind = Array.isArray(header) ? header[0] : header
  return `${kind?.toString() ?? ''} ${message.key?.toString() ?? ''} ${message.value?.toString() ?? ''}`
}

async function each({ topic, partition, message, heartbeat, pause }: EachMessagePayload): Promise<void> {
  await heartbeat()
  if (text(message) === `${topic} ${partition}`) setTimeout(pause(), 1000)
}

async function eachBatch({ batch, resolveOffset, heartbeat, isRunning, isStale, ...rest }: EachBatchPayload) {
  const lag: Batch['offsetLag'] = batch.offsetLag
  for (const message of batch.messages) {
    if (!isRunning() || isStale()) break
    resolveOffset(message.offset)
    await heartbeat()
  }
  await rest.commitOffsetsIfNecessary(rest.uncommittedOffsets())
  return void lag()
}

export async function main(): Promise<void> {
  const kafka: Kafka = new TracedKafka(config)
  const producer = kafka.producer({ createPartitioner: byTenant, idempotent: true, transactionalId: 'tx' })
  const remove = producer.on(producer.events.REQUEST, ({ payload }) => void payload.duration.toFixed())
  remove()
  const transaction: Transaction = await producer.transaction()
  const [metadata] = await transaction.send({
    topic: 't',
    acks: -1,
    compression: CompressionTypes.GZIP,
    messages: [{ key: 'k', value: null, timestamp: `${Date.now()}` }],
  })
  const next: bigint = BigInt(metadata?.baseOffset ?? '0') + 1n
  const topics = [{ topic: 't', partitions: [{ partition: 0, offset: next.toString() }] }]
  await transaction.sendOffsets({ consumerGroupId: 'g', topics })
  await transaction.commit()

  const consumer: Consumer = kafka.consumer(consumerConfig)
  consumer.on('consumer.crash', ({ payload: { error, restart } }) => void [error.message, restart])
  consumer.on(consumer.events.GROUP_JOIN, ({ payload }) => void payload.memberAssignment['t']?.length)
  await consumer.subscribe({ topics: ['t', /^u-/], fromBeginning: true })
  await consumer.run({ eachMessage: each, eachBatch, autoCommitInterval: null })
  consumer.seek({ topic: 't', partition: 0, offset: '-2' })

  const admin: Admin = kafka.admin()
  const { resources } = await admin.describeConfigs({
    includeSynonyms: false,
    resources: [{ type: ConfigResourceTypes.TOPIC, name: 't', configNames: ['retention.ms'] }],
  })
  const altered = await admin.alterConfigs({ validateOnly: true, resources: [] })
  void [resources[0]?.configEntries[0]?.configValue, altered.resources]
}

export function explain(error: unknown): string {
  if (error instanceof KafkaJSNumberOfRetriesExceeded) return `${error.retryCount} ${error.cause?.message}`
  if (error instanceof KafkaJSProtocolError) return `${error.type} ${error.code}`
  if (error instanceof KafkaJSConnectionError) return error.broker
  if (error instanceof KafkaJSNonRetriableError) return new KafkaJSNonRetriableError(error).name
  return error instanceof KafkaJSError ? String(error.retriable) : 'unknown'
}
