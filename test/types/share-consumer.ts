// Compiled, never run: what a share consumer's messages are typed as, and what must not compile.
import {
  type AcknowledgementResult,
  type AcknowledgeType,
  json,
  Kafka,
  onDiagnostics,
  type ShareConsumerMetrics,
  type ShareHandlerContext,
  type ShareStallKind,
  type Stall,
  string,
  topic,
} from 'typed-kafka'

interface Task {
  readonly page: string
}

const kafka = new Kafka({ brokers: ['localhost:9092'] })
const tasks = topic('tasks', { key: string(), value: json<Task>() })
const alarms = topic('alarms', { value: string() })

export async function typed(): Promise<void> {
  const consumer = kafka.shareConsumer({ groupId: 'g', topics: [tasks], acknowledgementMode: 'explicit' })
  for await (const message of consumer) {
    const page: string = message.value.page
    const key: string = message.key
    const count: number = message.deliveryCount
    // @ts-expect-error the schema has no such field
    void message.value.pages
    message.acknowledge('renew')
    consumer.acknowledge(message, 'release')
    // @ts-expect-error there is no such type
    message.acknowledge('defer')
    void [page, key, count]
  }
  const results: readonly AcknowledgementResult[] = await consumer.commit({ timeoutMs: 100 })
  const types: AcknowledgeType[] = results.flatMap(({ ranges }) => ranges.map(({ type }) => type))
  void types
}

export async function several(): Promise<void> {
  const consumer = kafka.shareConsumer({ groupId: 'g', topics: [tasks, alarms] })
  await consumer.run(
    (message, context: ShareHandlerContext) => {
      // @ts-expect-error which topic it is from is not known yet
      void message.value.page
      if (message.isFrom(tasks)) return message.value.page
      return context.signal.aborted
    },
    { concurrency: 2, onError: (_, message) => (message.deliveryCount > 2 ? 'reject' : 'release') },
  )
  // @ts-expect-error a message that failed can't be renewed
  await consumer.run(() => undefined, { onError: 'renew' })
}

export async function raw(): Promise<void> {
  await kafka.shareConsumer({ groupId: 'g', topics: ['clicks'] }).run((message) => {
    const value: Buffer | null = message.value
    return value
  })
  // @ts-expect-error share groups have no patterns
  kafka.shareConsumer({ groupId: 'g', topics: [/clicks/] })
  // @ts-expect-error nor positions
  kafka.shareConsumer({ groupId: 'g', topics: ['clicks'], startFrom: 'earliest' })
}

export function watched(): void {
  const consumer = kafka.shareConsumer({
    groupId: 'g',
    topics: ['clicks'],
    stallTimeoutMs: 10_000,
    events: { acknowledged: ({ ranges }) => ranges.map(({ type }): AcknowledgeType => type) },
  })
  const { group, partitions, stalls } = consumer.health()
  const kinds: ShareStallKind[] = stalls.map(({ kind }) => kind)
  const alarm: (stall: Stall) => string = ({ kind, reason }) => `${kind}: ${reason}`
  stalls.map(alarm)
  const groupId: string = group.groupId
  const held: number[] = partitions.map(({ bufferedCount, handledCount }) => bufferedCount + handledCount)
  // @ts-expect-error a snapshot is not changed
  group.memberEpoch = 1
  // @ts-expect-error share groups have no positions
  void partitions[0]?.position
  // @ts-expect-error there is no such kind
  void stalls.some(({ kind }) => kind === 'commit')
  const metrics: ShareConsumerMetrics = consumer.metrics()
  const read: number | undefined = metrics.topics['clicks']?.recordsConsumedTotal
  const end: () => void = onDiagnostics('typed-kafka:share-consumer:acknowledgement-failed', (event) => {
    const code: string = event.error.code
    const of: string = event.groupId
    void [code, of]
  })
  // @ts-expect-error there is no such event
  kafka.shareConsumer({ groupId: 'g', topics: ['clicks'], events: { rebalanced: () => {} } })
  void [kinds, groupId, held, read, end]
}
