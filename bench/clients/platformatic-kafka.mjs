/** @platformatic/kafka with its defaults, but acks all. It has no batches: its stream hands out messages. */
export async function open() {
  const { Consumer, MessagesStreamModes, ProduceAcks, Producer } = await import('@platformatic/kafka')
  const options = (brokers) => ({ clientId: 'bench', bootstrapBrokers: brokers })
  return {
    message: (topic, key, value) => ({ topic, key, value }),
    async openProducer({ brokers, compression = 'none' }) {
      const serializers = { key: (key) => Buffer.from(key) }
      const producer = new Producer({ ...options(brokers), serializers, compression, acks: ProduceAcks.ALL })
      return { send: (messages) => producer.send({ messages }), close: () => producer.close() }
    },
    async consume({ brokers, topic, groupId, shape, onValue }) {
      const consumer = new Consumer({ ...options(brokers), groupId })
      const stream = await consumer.consume({
        topics: [topic],
        mode: MessagesStreamModes.EARLIEST,
        autocommit: true,
        maxBytes: 50 << 20,
      })
      if (shape === 'iterate') void iterate(stream, onValue)
      else stream.on('data', (message) => onValue(message.value))
      return () => consumer.close(true)
    },
  }
}

async function iterate(stream, onValue) {
  for await (const message of stream) onValue(message.value)
}
