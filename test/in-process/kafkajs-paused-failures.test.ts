// Guards programs that pause a partition when its handler fails, so as to try again later: meanwhile nothing is tried, and
// nothing crashes.
import { KafkaJSNonRetriableError } from '../../src/kafkajs/errors/kafkajs-error'
import { until } from './support/case-runner'
import { KafkaJsSetup } from './support/kafkajs-cluster'

const setup = new KafkaJsSetup()

beforeAll(async () => {
  await setup.start({ configs: { 'group.initial.rebalance.delay.ms': 0 } })
})

afterEach(() => setup.disconnect())

afterAll(() => setup.end())

describe.each([
  ['one that can be tried again', new Error('too many requests')],
  ['one that is not to be tried again', new KafkaJSNonRetriableError('not before noon')],
])('4: a handler that pauses its partition and throws, %s,', (kind, error) => {
  test.each(['eachMessage', 'eachBatch'] as const)(
    '4: is called again once it is resumed, %s; other partitions go on',
    async (handler) => {
      const topic = `${kind.replaceAll(' ', '-')}-${handler}`
      setup.cluster.createTopic(topic, { partitions: 2 })
      const producer = setup.own(setup.kafka().producer())
      await producer.connect()
      const send = (partition: number, ...values: string[]) =>
        producer.send({ topic, messages: values.map((value) => ({ value, partition })) })

      const seen: string[] = []
      const crashes: unknown[] = []
      let resume = () => {}
      let isReady = false
      const handle = (value: string, pause: () => () => void) => {
        seen.push(value)
        if (value !== 'two' || isReady) return
        resume = pause()
        throw error
      }
      const consumer = setup.own(setup.kafka().consumer({ groupId: topic, maxWaitTimeInMs: 20 }))
      consumer.on(consumer.events.CRASH, (event) => crashes.push(event))
      await consumer.connect()
      await consumer.subscribe({ topics: [topic], fromBeginning: true })
      await consumer.run({
        partitionsConsumedConcurrently: 2,
        ...(handler === 'eachMessage'
          ? { eachMessage: async ({ message, pause }) => handle(String(message.value), pause) }
          : {
              eachBatch: async ({ batch, pause, resolveOffset }) => {
                for (const message of batch.messages) {
                  handle(String(message.value), pause)
                  resolveOffset(message.offset)
                }
              },
            }),
      })
      await send(0, 'one', 'two', 'three')
      await until(() => seen.includes('two'), 'the failure')
      for (const value of ['a', 'b', 'c', 'd', 'e', 'f']) {
        await send(1, value)
        await until(() => seen.includes(value), value)
      }
      // Longer than all pauses of its retries: 10, 20, 40 ms.
      await new Promise((resolve) => setTimeout(resolve, 150))
      expect(seen.filter((value) => value.length > 1)).toEqual(['one', 'two'])
      expect(consumer.paused()).toEqual([{ topic, partitions: [0] }])

      isReady = true
      resume()
      await until(() => seen.includes('three'), 'the rest')
      expect(seen.filter((value) => value.length > 1)).toEqual(['one', 'two', 'two', 'three'])
      expect(crashes).toEqual([])
    },
  )
})
