// Guards how often KafkaJS's producer on our core tries again: an idempotent one as long as there is time, as KafkaJS
// documents it; one that is told a number, or is not idempotent, no more often than that.
import { KafkaJSNumberOfRetriesExceeded } from '../../src/kafkajs/errors/kafkajs-error'
import type { ProducerConfig } from '../../src/kafkajs/types/producer'
import { errorOf } from './support/case-runner'
import { KafkaJsSetup } from './support/kafkajs-cluster'

const setup = new KafkaJsSetup()

beforeEach(async () => {
  await setup.start({ topics: [{ name: 't' }] })
})

afterEach(() => setup.end())

/** Sends to a broker that refuses so many times; undefined when the message was stored. */
async function sendDespite(refusals: number, config: ProducerConfig): Promise<unknown> {
  const pauses = { initialRetryTime: 1, maxRetryTime: 2 }
  const producer = setup.own(setup.kafka({ retry: pauses }).producer(config))
  await producer.connect()
  setup.cluster.faults.failProduce({ topic: 't', error: 'NOT_LEADER_OR_FOLLOWER', times: refusals })
  const error = await errorOf(producer.send({ topic: 't', messages: [{ value: 'a' }] }))
  setup.cluster.clearFaults()
  expect(setup.cluster.records('t')).toHaveLength(error === undefined ? 1 : 0)
  return error
}

test('13.3: an idempotent producer that is told no number tries again more often than five times', async () => {
  expect(await sendDespite(12, { idempotent: true })).toBeUndefined()
})

test('6: one that is told a number tries again so often', async () => {
  expect(await sendDespite(3, { idempotent: true, retry: { retries: 3 } })).toBeUndefined()
})

test('6: one that is told a number tries again no more often', async () => {
  const error = await sendDespite(4, { idempotent: true, retry: { retries: 3 } })
  expect(error).toBeInstanceOf(KafkaJSNumberOfRetriesExceeded)
})

test('6: one that is not idempotent tries again five times', async () => {
  const error = await sendDespite(6, {})
  expect(error).toBeInstanceOf(KafkaJSNumberOfRetriesExceeded)
  expect(error).toMatchObject({ retryCount: 5, cause: { type: 'NOT_LEADER_FOR_PARTITION' } })
})
