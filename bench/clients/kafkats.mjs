import { KafkaClient } from '@kafkats/client'

async function connect(brokers) {
  const client = new KafkaClient({ brokers, clientId: 'bench', logLevel: 'error' })
  await client.connect?.()
  return client
}

export async function openProducer(brokers, topic) {
  const client = await connect(brokers)
  const producer = client.producer({ acks: 'all' })
  await producer.connect?.()
  return {
    send: (messages) => producer.send(topic, messages),
    close: async () => {
      await producer.disconnect()
      await client.disconnect()
    },
  }
}

export async function consume(brokers, topic, groupId, onBatch) {
  const client = await connect(brokers)
  const consumer = client.consumer({ groupId, autoOffsetReset: 'earliest' })
  const running = consumer.runBatch(topic, async (batch) => onBatch(batch, (m) => m.value))
  running.catch((error) => console.error(error))
  return async () => {
    await consumer.stop()
    await client.disconnect()
  }
}
