// Guards what happens when a handler fails for good: each case runs on KafkaJS too, with the same outcome.
import type { Consumer, ConsumerCrashEvent } from '../../../src/kafkajs'
import { lifeOf, passing, type PeerName, peerNames, TwoClients } from './two-clients'

const setup = new TwoClients()

function crashesOf(consumer: Consumer): ConsumerCrashEvent['payload'][] {
  const crashes: ConsumerCrashEvent['payload'][] = []
  consumer.on('consumer.crash', ({ payload }) => crashes.push(payload))
  return crashes
}

async function crashing(
  from: PeerName,
  config: Parameters<TwoClients['consumer']>[1],
  failure: () => Error | undefined,
) {
  const topic = setup.topic()
  await setup.produce(topic, 'a', 'bad')
  const values: string[] = []
  const consumer = setup.consumer(from, config)
  const [told, crashes] = [lifeOf(consumer), crashesOf(consumer)]
  await consumer.connect()
  await consumer.subscribe({ topics: [topic], fromBeginning: true })
  await consumer.run({
    eachMessage: async ({ message }) => {
      values.push(String(message.value))
      const error = String(message.value) === 'bad' ? failure() : undefined
      if (error !== undefined) throw error
    },
  })
  await setup.until(() => crashes.length === 1, 'the crash')
  return { topic, consumer, values, told, crash: crashes[0] as ConsumerCrashEvent['payload'] }
}

describe.each(peerNames)('4: %s', (peer) => {
  test('after the retries it is told, with the last failure, and starts again at what was not done', async () => {
    let failures = 0
    const failure = passing('bad message')
    const { topic, values, told, crash } = await crashing(peer, { retry: { retries: 1 } }, () =>
      ++failures <= 2 ? failure : undefined,
    )
    expect(crash).toMatchObject({ groupId: `group-${topic.slice(6)}`, restart: true })
    const { name, message, cause, retryCount, retryTime } = crash.error as Error & Record<string, unknown>
    expect({ name, message, cause, retryCount }).toEqual({
      name: 'KafkaJSNumberOfRetriesExceeded',
      message: 'bad message',
      cause: failure,
      retryCount: 1,
    })
    expect(retryTime).toEqual(expect.any(Number))
    await setup.until(() => setup.committed(topic) === 2n, 'the restart')
    expect(values).toEqual(['a', 'bad', 'bad', 'bad'])
    // On a busy machine KafkaJS crashes once more before it has joined.
    expect(told.slice(0, 7)).toEqual([
      'CONNECT',
      'CONNECT',
      'GROUP_JOIN',
      'STOP',
      'DISCONNECT',
      'CRASH',
      'CONNECT',
    ])
    expect(told.at(-1)).toBe('GROUP_JOIN')
  })

  test.each(['TypeError', 'RangeError', 'ReferenceError', 'SyntaxError'])(
    'a %s ends it at once, and for good',
    async (name) => {
      const failure = Object.assign(new Error('mistake'), { name })
      const { values, crash, consumer } = await crashing(peer, {}, () => failure)
      expect(values).toEqual(['a', 'bad'])
      expect(crash).toMatchObject({
        restart: false,
        error: { name: 'KafkaJSNonRetriableError', message: 'mistake', retriable: false, cause: failure },
      })
      expect(() => consumer.pause([{ topic: 't' }])).toThrow('Consumer group was not initialized')
    },
  )

  test('an error that says so is not tried again, and its deepest cause decides on a restart', async () => {
    const deepest = Object.assign(new Error('deepest'), { retriable: true })
    const failure = Object.assign(new Error('no use'), { retriable: false, cause: deepest })
    let failures = 0
    const { topic, values, crash } = await crashing(peer, {}, () => (failures++ === 0 ? failure : undefined))
    expect(crash).toMatchObject({
      restart: true,
      error: { name: 'KafkaJSNonRetriableError', message: 'no use', cause: deepest },
    })
    await setup.until(() => setup.committed(topic) === 2n, 'the restart')
    expect(values).toEqual(['a', 'bad', 'bad'])
  })

  test.each([
    ['true', true, async () => true],
    ['false', false, async () => false],
    ['a failure', true, () => Promise.reject(new Error('no answer'))],
  ])('restartOnFailure answers %s', async (_, restart, restartOnFailure) => {
    const asked: unknown[] = []
    const config = {
      retries: 0,
      restartOnFailure: async (error: Error): Promise<boolean> => {
        asked.push(error)
        return await restartOnFailure()
      },
    }
    const { consumer, crash } = await crashing(peer, { retry: config }, () => passing('bad'))
    await consumer.stop()
    expect(crash.restart).toBe(restart)
    expect(asked[0]).toBe(crash.error)
  })

  test('restartOnFailure of the Kafka object counts, and is not asked about what does not pass', async () => {
    const topic = setup.topic()
    await setup.produce(topic, 'a')
    let asked = 0
    const restartOnFailure = async (): Promise<boolean> => {
      asked++
      return false
    }
    const kafka = setup.kafka(peer, { retry: { retries: 0, initialRetryTime: 10, restartOnFailure } })
    for (const [error, times] of [
      [Object.assign(new Error('mistake'), { name: 'TypeError' }), 0],
      [passing('bad'), 1],
    ] as const) {
      const consumer = setup.consumer(peer, { retry: { retries: 0 } }, kafka)
      const crashes = crashesOf(consumer)
      await consumer.subscribe({ topics: [topic], fromBeginning: true })
      await consumer.run({
        eachMessage: async () => {
          throw error
        },
      })
      await setup.until(() => crashes.length === 1, 'the crash')
      expect([crashes[0]?.restart, asked]).toEqual([false, times])
    }
  })

  test('a stop before the restart is due is the end', async () => {
    const retry = { retries: 0, initialRetryTime: 200, maxRetryTime: 200 }
    const { consumer, told } = await crashing(peer, { retry }, () => passing('bad'))
    await consumer.stop()
    const length = told.length
    await new Promise((resolve) => setTimeout(resolve, 400))
    expect(told).toHaveLength(length)
  })

  test('a coordinator that refuses the member is told of as it is, and is the end', async () => {
    const topic = setup.topic()
    const consumer = setup.consumer(peer)
    const crashes = crashesOf(consumer)
    await consumer.connect()
    await consumer.subscribe({ topics: [topic] })
    setup.cluster.faults.fail('JoinGroup', 'GROUP_AUTHORIZATION_FAILED')
    await consumer.run({ eachMessage: async () => {} })
    await setup.until(() => crashes.length === 1, 'the crash')
    expect(crashes[0]).toMatchObject({
      restart: false,
      error: { name: 'KafkaJSProtocolError', type: 'GROUP_AUTHORIZATION_FAILED', code: 30, retriable: false },
    })
  })

  test('commitOffsets rejects with what the coordinator said', async () => {
    const topic = setup.topic()
    const consumer = await setup.running(peer, topic, { autoCommit: false, eachMessage: async () => {} })
    const errors: unknown[] = []
    for (const code of ['OFFSET_METADATA_TOO_LARGE', 'INVALID_COMMIT_OFFSET_SIZE'] as const) {
      const heal = setup.cluster.faults.fail('OffsetCommit', code)
      const failed = consumer.commitOffsets([{ topic, partition: 0, offset: '1' }])
      errors.push(await failed.catch((error: unknown) => error))
      heal()
    }
    expect(errors).toMatchObject([
      {
        name: 'KafkaJSNonRetriableError',
        message: 'The metadata field of the offset request was too large',
        cause: { name: 'KafkaJSProtocolError', type: 'OFFSET_METADATA_TOO_LARGE', code: 12 },
      },
      { name: 'KafkaJSNonRetriableError', cause: { type: 'INVALID_COMMIT_OFFSET_SIZE' } },
    ])
  })
})
