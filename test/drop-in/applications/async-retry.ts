import { Kafka, type KafkaMessage } from 'kafkajs'
import AsyncRetryHelper, { AsyncRetryEvent, DeadLetter } from 'kafkajs-async-retry'
import { application, until } from './support/application.js'
import { createTopics } from './support/kafka.js'

// Messages that fail, and go by `kafkajs-async-retry` to topics where they are tried again, at last to that of the dead
// letters. `more.handler` is "eachMessage" or "eachBatch"; `more.delaySeconds` pass before each retry. When `more.maxWaitMs` or
// more are left of them the package does not wait in the handler: it pauses the partition, and throws.

/** How often each of the messages fails. */
const failures: Readonly<Record<string, number>> = { fine: 0, shaky: 1, broken: Infinity, hopeless: Infinity }

interface Details {
  readonly previousAttempts: number
  readonly originalTopic: string
  readonly processTime: Date
  readonly isRetry: boolean
}

void application(async ({ brokers, name, more, check }) => {
  const kafka = new Kafka({ brokers, clientId: 'shop', logLevel: 0 })
  const groupId = name('orders')
  const topic = name('incoming')
  const producer = kafka.producer()
  await producer.connect()
  const helper = new AsyncRetryHelper({
    producer,
    groupId,
    maxRetries: 2,
    retryDelays: [Number(more['delaySeconds'])],
    maxWaitTime: Number(more['maxWaitMs']),
  })
  await createTopics(kafka, topic, ...helper.retryTopics, helper.deadLetterTopic)

  const events: string[] = []
  for (const event of [AsyncRetryEvent.RETRY, AsyncRetryEvent.DEAD_LETTER]) {
    helper.on(event, ({ message, error, topic: next, details }) => {
      const { message: reason } = error as Error
      events.push(`${event} ${String(message.value)} to ${next} after ${details.previousAttempts}: ${reason}`)
    })
  }
  const handled: string[] = []
  const early: string[] = []
  const handle = (
    message: KafkaMessage,
    { previousAttempts, originalTopic, processTime, isRetry }: Details,
  ) => {
    const value = String(message.value)
    if (Date.now() < processTime.getTime() - 20) early.push(value)
    handled.push(`${value} of ${originalTopic}, ${isRetry ? 'again' : 'first'}, after ${previousAttempts}`)
    if (value === 'hopeless') throw new DeadLetter('there is no hope')
    if (previousAttempts < (failures[value] ?? 0)) throw new Error(`${value} failed`)
  }

  const consumer = kafka.consumer({ groupId, maxWaitTimeInMs: 50 })
  const crashes: unknown[] = []
  consumer.on('consumer.crash', ({ payload: { error, restart } }) => {
    crashes.push({ name: error.name, restart })
  })
  await consumer.connect()
  await consumer.subscribe({ topics: [topic, ...helper.retryTopics], fromBeginning: true })
  const eachMessage = helper.eachMessage(async ({ message, ...details }) => handle(message, details))
  const eachBatch = helper.eachBatch(async (payload) => {
    const { batch, asyncRetryMessageDetails, messageFailureHandler, resolveOffset } = payload
    for (const message of batch.messages) {
      try {
        handle(message, asyncRetryMessageDetails(message))
      } catch (error) {
        await messageFailureHandler(error as Error, message)
      }
      resolveOffset(message.offset)
    }
  })
  await consumer.run(more['handler'] === 'eachMessage' ? { eachMessage } : { eachBatch })
  const messages = Object.keys(failures).map((value) => ({ key: value, value, headers: { trace: '1' } }))
  await producer.send({ topic, messages })

  const dead: string[] = []
  const graveyard = kafka.consumer({ groupId: name('graveyard'), maxWaitTimeInMs: 50 })
  await graveyard.connect()
  await graveyard.subscribe({ topics: [helper.deadLetterTopic], fromBeginning: true })
  await graveyard.run({
    eachMessage: async ({ message: { key, value, headers } }) => {
      const attempts =
        headers?.['asyncRetry'] && (JSON.parse(String(headers['asyncRetry'])) as { att: number }).att
      dead.push(`${String(key)} ${String(value)} ${String(headers?.['trace'])} ${attempts ?? 0}`)
    },
  })
  await until(() => (dead.length === 2 && handled.length === 7) || crashes.length > 0, 'the dead letters')
  await Promise.all([consumer.disconnect(), graveyard.disconnect(), producer.disconnect()])

  await check('what was handled', async () => handled.sort())
  await check('what was handled too early', async () => early)
  await check('what the package told', async () => events.sort())
  await check('the dead letters', async () => dead.sort())
  await check('the crashes', async () => crashes)
})
