import { createMechanism } from '@jm18457/kafkajs-msk-iam-authentication-mechanism'
import { Kafka, type LogEntry } from 'kafkajs'
import { application, until } from './support/application.js'
import { createTopics } from './support/kafka.js'

// A program that authenticates by `@jm18457/kafkajs-msk-iam-authentication-mechanism`: a producer and a consumer with the
// right secret, then an admin with a wrong one. What the mechanism logs goes where the program's log goes.

const credentials = { accessKeyId: 'AKIDEXAMPLE', secretAccessKey: 'secret', sessionToken: 'session' }

void application(async ({ brokers, name, check }) => {
  const logged: string[] = []
  const logCreator = () => (entry: LogEntry) => {
    const { message, authenticateResponse, broker } = entry.log
    if (authenticateResponse !== undefined) logged.push(`${message}: ${JSON.stringify(authenticateResponse)}`)
    else if (String(message).startsWith('SASL AWS_MSK_IAM'))
      logged.push(`${message}, ${brokers.includes(broker as string)}`)
  }
  const kafkaBy = (secretAccessKey: string) =>
    new Kafka({
      brokers,
      clientId: 'msk',
      logCreator,
      retry: { retries: 1, initialRetryTime: 10 },
      sasl: createMechanism({ region: 'eu-west-1', credentials: { ...credentials, secretAccessKey } }),
    })

  const kafka = kafkaBy(credentials.secretAccessKey)
  const topic = name('orders')
  const producer = kafka.producer()
  const consumer = kafka.consumer({ groupId: name('readers'), maxWaitTimeInMs: 50 })
  await check('messages go and come', async () => {
    await createTopics(kafka, topic)
    const read: string[] = []
    await producer.connect()
    await consumer.connect()
    await consumer.subscribe({ topics: [topic], fromBeginning: true })
    await consumer.run({ eachMessage: async ({ message }) => void read.push(String(message.value)) })
    await producer.send({ topic, messages: [{ value: 'one' }, { value: 'two' }] })
    await until(() => read.length === 2, 'both messages')
    return read
  })
  await Promise.all([producer.disconnect(), consumer.disconnect()])
  await check('what the mechanism logs', async () => [...new Set(logged)].sort())

  await check('a wrong secret', async () => {
    const admin = kafkaBy('wrong').admin()
    await admin.connect().finally(() => admin.disconnect())
  })
})
