/** kafka-ts with its defaults. Its values are text; it has batches only, and does not compress. */
export async function open() {
  const { createKafkaClient, setLogger } = await import('kafka-ts')
  const silent = () => {}
  setLogger({ debug: silent, info: silent, warn: silent, error: silent })
  const connect = (brokers) => {
    const bootstrapServers = brokers.map((broker) => {
      const [host, port] = broker.split(':')
      return { host, port: Number(port) }
    })
    return createKafkaClient({ clientId: 'bench', bootstrapServers })
  }
  return {
    textValues: true,
    message: (topic, key, value) => ({ topic, key, value }),
    async openProducer({ brokers }) {
      const producer = connect(brokers).createProducer({})
      return { send: (messages) => producer.send(messages), close: () => producer.close() }
    },
    async consume({ brokers, topic, groupId, onValue }) {
      const consumer = await connect(brokers).startConsumer({
        groupId,
        topics: [topic],
        fromBeginning: true,
        onBatch(messages) {
          for (const message of messages) onValue(message.value)
        },
      })
      return () => consumer.close()
    },
  }
}
