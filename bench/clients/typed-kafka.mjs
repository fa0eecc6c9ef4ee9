/** typed-kafka with its defaults: idempotent, acks all, checksums verified. */
export async function open({ module, nativeChecksum }) {
  // npm installs no native checksum for us; here a peer brings one along, and we would find it next to the main script.
  if (!nativeChecksum) process.argv[1] = '/'
  const { Kafka } = await import(module)
  const connect = (brokers) => new Kafka({ brokers, clientId: 'bench' })
  return {
    /** For what only this client is asked: how its cost grows. */
    kafka: connect,
    message: (_, key, value) => ({ key, value }),
    async openProducer({ brokers, topic, compression = 'none' }) {
      const producer = connect(brokers).producer({ compression })
      return { send: (messages) => producer.send(topic, messages), close: () => producer.close() }
    },
    async consume({ brokers, topic, groupId, shape, onValue }) {
      const consumer = connect(brokers).consumer({ groupId, topics: [topic], startFrom: 'earliest' })
      const iterate = async () => {
        for await (const message of consumer) onValue(message.value)
      }
      const shapes = {
        batches: () =>
          consumer.runBatches((batch) => {
            for (const message of batch) onValue(message.value)
          }),
        each: () => consumer.run((message) => onValue(message.value)),
        iterate,
      }
      const running = shapes[shape]()
      return async () => {
        await consumer.close()
        await running
      }
    },
  }
}
