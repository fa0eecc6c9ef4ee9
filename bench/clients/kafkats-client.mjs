/** @kafkats/client with its defaults, but acks all. */
export async function open() {
  const { KafkaClient } = await import('@kafkats/client')
  const connect = async (brokers) => {
    const client = new KafkaClient({ brokers, clientId: 'bench', logLevel: 'error' })
    await client.connect()
    return client
  }
  return {
    message: (_, key, value) => ({ key, value }),
    async openProducer({ brokers, topic, compression = 'none' }) {
      const client = await connect(brokers)
      const producer = client.producer({ acks: 'all', compression })
      return {
        send: (messages) => producer.send(topic, messages),
        async close() {
          await producer.disconnect()
          await client.disconnect()
        },
      }
    },
    async consume({ brokers, topic, groupId, shape, onValue }) {
      const client = await connect(brokers)
      const consumer = client.consumer({ groupId, autoOffsetReset: 'earliest' })
      const iterate = async () => {
        for await (const { message } of consumer.stream(topic)) onValue(message.value)
      }
      const shapes = {
        batches: () =>
          consumer.runBatch(topic, async (messages) => {
            for (const message of messages) onValue(message.value)
          }),
        each: () => consumer.runEach(topic, async (message) => onValue(message.value)),
        iterate,
      }
      const running = shapes[shape]()
      return async () => {
        await consumer.stop()
        await running
        await client.disconnect()
      }
    },
  }
}
