import { Kafka, PartitionAssigners } from 'kafkajs'
import { application, until } from './support/application.js'
import { createTopics } from './support/kafka.js'

// The shortest program there is: a topic, a message, and what comes back.

void application(async ({ brokers, name, check }) => {
  const kafka = new Kafka({ brokers, clientId: 'basic', logLevel: 0 })
  const topic = name('greetings')

  await check('a topic is made', () => createTopics(kafka, { topic, numPartitions: 2 }))

  await check('messages come back as they were sent', async () => {
    const producer = kafka.producer()
    const consumer = kafka.consumer({
      groupId: name('readers'),
      partitionAssigners: [PartitionAssigners.roundRobin],
    })
    await Promise.all([producer.connect(), consumer.connect()])
    try {
      const seen: unknown[] = []
      await consumer.subscribe({ topics: [topic], fromBeginning: true })
      await consumer.run({
        eachMessage: async ({ topic, partition, message }) => {
          const { key, value, offset, headers } = message
          seen.push({
            topic,
            partition,
            offset,
            key: String(key),
            value: String(value),
            from: String(headers?.['from']),
          })
        },
      })
      const messages = [{ key: 'a', value: 'hello', headers: { from: 'me' }, partition: 1 }]
      const [sent] = await producer.send({ topic, messages })
      await until(() => seen.length === 1, 'the message')
      return { sent: { ...sent, logStartOffset: 'not compared' }, seen }
    } finally {
      await consumer.disconnect()
      await producer.disconnect()
    }
  })
})
