import { Consumer, MessagesStreamModes, ProduceAcks, Producer } from '@platformatic/kafka'

export async function openProducer(brokers, topic) {
  const producer = new Producer({ clientId: 'bench', bootstrapBrokers: brokers })
  return {
    send: (messages) =>
      producer.send({
        acks: ProduceAcks.ALL,
        messages: messages.map(({ key, value }) => ({ topic, key: Buffer.from(key), value })),
      }),
    close: () => producer.close(),
  }
}

export async function consume(brokers, topic, groupId, onBatch) {
  const consumer = new Consumer({ groupId, clientId: 'bench', bootstrapBrokers: brokers })
  const stream = await consumer.consume({
    topics: [topic],
    mode: MessagesStreamModes.EARLIEST,
    autocommit: true,
    maxBytes: 50 << 20,
  })
  stream.on('data', (message) => onBatch([message], (m) => m.value))
  return () => consumer.close(true)
}
