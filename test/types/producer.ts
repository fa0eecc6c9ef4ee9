// Guards the types of the producer's plug points: what they see, and what they must answer. Checked by tsc.
import {
  Kafka,
  onDiagnostics,
  type Partitioner,
  type ProducerInterceptor,
  type ProducerMetrics,
  json,
  string,
  topic,
} from 'typed-kafka'

const kafka = new Kafka({ brokers: ['localhost:9092'] })
const orders = topic('orders', { key: string(), value: json<{ price: number }>() })

export async function partitioners(): Promise<void> {
  kafka.producer({ partitioner: 'round-robin' })
  kafka.producer({ partitioner: 'kafkajs-legacy' })
  kafka.producer({
    partitioner: ({ topic, key, value, headers, partitionCount, partitions }) => {
      const first: number = key?.[0] ?? topic.length
      const withLeader = partitions.filter(({ leaderId }) => leaderId >= 0)
      void [value, headers[0]?.key]
      return withLeader[0]?.partition ?? first % partitionCount
    },
  })
  class Sharded implements Partitioner {
    partition(): number {
      return 0
    }
  }
  kafka.producer({ partitioner: new Sharded() })
  // @ts-expect-error no partitioner of that name
  kafka.producer({ partitioner: 'random' })
  // @ts-expect-error the answer is a number
  kafka.producer({ partitioner: () => 'first' })
  // @ts-expect-error it has to answer at once
  kafka.producer({ partitioner: async () => 0 })
}

const tracing: ProducerInterceptor = {
  onSend(message) {
    // @ts-expect-error a value of any topic is unknown
    void message.value.price
    return { ...message, headers: { ...message.headers, trace: 'abc' } }
  },
  onAcknowledgement(receipt, message) {
    const offset: bigint = receipt.offset
    void [offset, message.topic]
  },
  onError(error) {
    const code: string = error.code
    void code
  },
}

export async function hooks(): Promise<ProducerMetrics> {
  const producer = kafka.producer({ interceptors: [tracing] })
  await producer.send(orders, { key: 'o-1', value: { price: 3 } })
  // @ts-expect-error onSend has to answer at once
  kafka.producer({ interceptors: [{ onSend: async (message) => message }] })
  const metrics = producer.metrics()
  const sent: number | undefined = metrics.topics['orders']?.recordSendTotal
  void sent
  return metrics
}

export function events(): void {
  const end = onDiagnostics('typed-kafka:producer:batch-retried', ({ topic, partition, error }) => {
    const code: string = error.code
    void [topic, partition, code]
  })
  end()
  // @ts-expect-error no such event
  onDiagnostics('typed-kafka:producer:sent', () => {})
  // @ts-expect-error a batch that was sent has no error yet
  onDiagnostics('typed-kafka:producer:batch-sent', ({ error }) => void error)
}
