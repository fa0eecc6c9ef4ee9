// Programs of the guides from other clients, as they are after. What stands between `// guide:` and `// end` is what a guide
// shows; the rest lets it run.
import { buf } from 'crc-32'
import { json, Kafka, murmur2, type PartitionerFunction, silentLogger, string, topic } from 'typed-kafka'
import type { Step } from './step'

/** Connection settings as a deployment has them. */
export const production = (password: string, ca: string): Kafka => {
  // guide: peer connect
  const kafka = new Kafka({
    clientId: 'shop',
    brokers: ['kafka-1.example.com:9093'],
    tls: { ca: [ca] },
    sasl: { mechanism: 'SCRAM-SHA-512', username: 'shop', password },
  })
  // end
  return kafka
}

export const send: Step = async ({ brokers, log }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  // guide: peer send
  const producer = kafka.producer({ lingerMs: 5, compression: 'lz4' })
  const receipt = await producer.send('orders', { key: 'o-1', value: 'paid' })
  log(receipt.partition, receipt.offset)
  await producer.close()
  // end
}

export const callbacks: Step = async ({ brokers, log }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  const producer = kafka.producer()
  // guide: peer fire and forget
  producer.send('orders', { key: 'o-1', value: 'paid' }).then(
    ({ offset }) => log('stored at', offset),
    (error) => log('failed', error),
  )
  await producer.flush()
  // end
  await producer.close()
}

export const crcPartitioner: Step = async ({ brokers }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  // guide: crc partitioner
  const consistentRandom: PartitionerFunction = ({ key, partitionCount }) =>
    key === null || key.length === 0
      ? Math.floor(Math.random() * partitionCount)
      : (buf(key) >>> 0) % partitionCount
  const producer = kafka.producer({ partitioner: consistentRandom })
  // end
  await producer.send('orders', { key: 'hejsan', value: 'a' })
  await producer.send('orders', { value: 'b' })
  await producer.close()
}

export const unsignedPartitioner: Step = async ({ brokers }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  // guide: unsigned partitioner
  let turn = 0
  const unsignedMurmur2: PartitionerFunction = ({ key, partitionCount }) =>
    (key === null ? turn++ : murmur2(key) >>> 0) % partitionCount
  const producer = kafka.producer({ partitioner: unsignedMurmur2 })
  // end
  await producer.send('orders', { key: 'a', value: 'a' })
  await producer.close()
}

export const run: Step = async ({ brokers, save, signal }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  // guide: peer run
  const consumer = kafka.consumer({ groupId: 'billing', topics: ['orders'], startFrom: 'earliest' })
  await consumer.run(
    async ({ topic, partition, offset, value }) => {
      await save({ topic, partition, offset, value: value?.toString() })
    },
    { signal },
  )
  await consumer.close()
  // end
}

export const batches: Step = async ({ brokers, save, signal }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  const consumer = kafka.consumer({ groupId: 'billing', topics: ['orders'], startFrom: 'earliest' })
  // guide: peer batches
  await consumer.runBatches(
    async ({ topic, messages }) => {
      for (const { offset, value } of messages) await save({ topic, offset, value: value?.toString() })
    },
    { maxMessages: 500, signal },
  )
  // end
  await consumer.close()
}

export const rebalances: Step = async ({ brokers, save, signal, log }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  // guide: peer rebalances
  const consumer = kafka.consumer({
    groupId: 'billing',
    topics: ['orders'],
    startFrom: 'earliest',
    assignors: ['cooperative-sticky'],
    onPartitionsAssigned: (partitions) => log('assigned', partitions),
    onPartitionsRevoked: (partitions) => log('revoked', partitions),
    onPartitionsLost: (partitions) => log('lost', partitions),
  })
  // end
  await consumer.run(({ topic, offset }) => save({ topic, offset }), { signal })
  await consumer.close()
}

export const typed: Step = async ({ brokers, save, signal }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  // guide: peer typed
  const orders = topic('orders', { key: string(), value: json<{ total: number }>() })

  const producer = kafka.producer()
  await producer.send(orders, [{ key: 'o-1', value: { total: 30 } }])

  const consumer = kafka.consumer({ groupId: 'billing', topics: [orders], startFrom: 'earliest' })
  for await (const { key, value, offset } of consumer.messages({ signal })) {
    await save({ topic: 'orders', offset, value: `${key} ${value.total}` })
  }
  // end
  await Promise.all([producer.close(), consumer.close()])
}

export const stream: Step = async ({ brokers, save, signal }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  const consumer = kafka.consumer({ groupId: 'billing', topics: ['orders'], startFrom: 'earliest' })
  signal.addEventListener('abort', () => void consumer.stop())
  // guide: peer stream
  const stream = consumer.readable()
  for await (const { topic, offset, value } of stream) {
    await save({ topic, offset, value: value?.toString() })
  }
  // end
  await consumer.close()
}

export const metrics: Step = async ({ brokers, log }) => {
  const kafka = new Kafka({ brokers, logger: silentLogger })
  const producer = kafka.producer()
  const consumer = kafka.consumer({ groupId: 'billing', topics: ['orders'] })
  // guide: peer metrics
  const { recordSendTotal, requestLatencyAvg } = producer.metrics()
  const { recordsConsumedTotal, recordsLagMax, bufferedBytes } = consumer.metrics()
  // end
  log(recordSendTotal, requestLatencyAvg, recordsConsumedTotal, recordsLagMax, bufferedBytes)
  await Promise.all([producer.close(), consumer.close()])
}
