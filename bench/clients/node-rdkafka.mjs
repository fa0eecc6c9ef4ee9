/** node-rdkafka, the binding of librdkafka by callbacks; a call of `send` is settled by its delivery reports. */
export async function open() {
  const { default: rdkafka } = await import('../native/node_modules/node-rdkafka/lib/index.js')
  const options = (brokers) => ({ 'metadata.broker.list': brokers.join(','), 'client.id': 'bench' })
  return {
    message: (topic, key, value) => ({ topic, key, value }),
    async openProducer({ brokers, compression = 'none', prompt }) {
      const producer = new rdkafka.Producer(
        {
          ...options(brokers),
          dr_cb: true,
          'compression.codec': compression,
          ...(prompt && { 'linger.ms': 0 }),
        },
        { acks: -1 },
      )
      await connected(producer)
      producer.setPollInterval(1)
      producer.on('delivery-report', (error, report) => report.opaque.settle(error))
      return { send: (messages) => send(producer, messages), close: () => disconnected(producer) }
    },
    async consume({ brokers, topic, groupId, shape, onValue }) {
      const consumer = new rdkafka.KafkaConsumer(
        { ...options(brokers), 'group.id': groupId },
        { 'auto.offset.reset': 'earliest' },
      )
      await connected(consumer)
      consumer.subscribe([topic])
      if (shape === 'each') {
        consumer.on('data', (message) => onValue(message.value))
        consumer.consume()
      } else {
        takeBatches(consumer, onValue)
      }
      return () => disconnected(consumer)
    },
  }
}

function takeBatches(consumer, onValue) {
  consumer.setDefaultConsumeTimeout(10)
  const take = () =>
    consumer.consume(1000, (error, messages) => {
      for (const message of messages ?? []) onValue(message.value)
      if (consumer.isConnected()) setImmediate(take)
    })
  take()
}

function send(producer, messages) {
  return new Promise((resolve, reject) => {
    let left = messages.length
    const call = {
      settle(error) {
        if (error) reject(error)
        else if (--left === 0) resolve()
      },
    }
    for (const { topic, key, value } of messages) producer.produce(topic, null, value, key, undefined, call)
  })
}

function connected(client) {
  return new Promise((resolve, reject) => {
    client.on('event.error', () => {})
    client.connect({}, (error) => (error ? reject(error) : resolve()))
  })
}

function disconnected(client) {
  return new Promise((resolve) => client.disconnect(() => resolve()))
}
