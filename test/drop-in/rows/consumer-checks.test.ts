// Guards the words with which a consumer refuses: programs match them. Each is compared with what KafkaJS says.
import type { Consumer, ConsumerConfig } from '../../../src/kafkajs'
import { type PeerName, peerNames, peers, TwoClients } from './two-clients'

const setup = new TwoClients()

/** What a program may give where it is not held by types. */
type Given = Readonly<Record<string, unknown>>

/** How a call ends: as text, so that outcomes can be compared. */
async function outcomeOf(call: () => unknown): Promise<string> {
  try {
    return `gives ${JSON.stringify(await call())}`
  } catch (error) {
    const { name, message, retriable } = error as Error & { retriable?: boolean }
    return `${name}, ${String(retriable)}: ${message}`
  }
}

/** The same call on both. */
async function expectSame(call: (peer: PeerName) => unknown): Promise<string> {
  const [theirs, ours] = [await outcomeOf(() => call('KafkaJS')), await outcomeOf(() => call('typed-kafka'))]
  expect(ours).toBe(theirs)
  return ours
}

const words = 'KafkaJSNonRetriableError, false: '

describe('12.11, 4: the config', () => {
  test.each([
    ['nothing', undefined, 'Consumer groupId must be a non-empty string.'],
    ['no group', {}, 'Consumer groupId must be a non-empty string.'],
    ['an empty group', { groupId: '' }, 'Consumer groupId must be a non-empty string.'],
    [
      'heartbeats as far apart as sessions are long',
      { groupId: 'g', heartbeatInterval: 5000, sessionTimeout: 5000 },
      'Consumer heartbeatInterval (5000) must be lower than sessionTimeout (5000). It is recommended to set heartbeatInterval to approximately a third of the sessionTimeout.',
    ],
    [
      'sessions shorter than the default of heartbeats',
      { groupId: 'g', sessionTimeout: 3000 },
      'Consumer heartbeatInterval (3000) must be lower than sessionTimeout (3000). It is recommended to set heartbeatInterval to approximately a third of the sessionTimeout.',
    ],
  ])('%s', async (_, config, message) => {
    const outcome = await expectSame((peer) =>
      new peers[peer]({ brokers: ['localhost:1'], logLevel: 0 }).consumer(config as ConsumerConfig),
    )
    expect(outcome).toBe(words + message)
  })

  test('producer and admin need none', () => {
    for (const peer of peerNames) {
      const kafka = new peers[peer]({ brokers: ['localhost:1'], logLevel: 0 })
      expect(kafka.producer()).toBeDefined()
      expect(kafka.admin()).toBeDefined()
    }
  })
})

const idle = (peer: PeerName): Consumer =>
  new peers[peer]({ brokers: ['localhost:1'], logLevel: 0 }).consumer({ groupId: 'g' })

describe('4: subscribe', () => {
  test.each<[Given, string]>([
    [{}, 'Missing required argument "topics"'],
    [{ topics: null }, 'Missing required argument "topics"'],
    [{ topic: '' }, 'Missing required argument "topics"'],
    [{ topics: 'a' }, 'Argument "topics" must be an array'],
    [{ topics: [4] }, 'Invalid topic 4 (number), the topic name has to be a String or a RegExp'],
    [{ topics: [null] }, 'Invalid topic null (object), the topic name has to be a String or a RegExp'],
    [{ topic: {} }, 'Invalid topic [object Object] (object), the topic name has to be a String or a RegExp'],
  ])('%j', async (given, message) => {
    expect(await expectSame((peer) => idle(peer).subscribe(given as never))).toBe(words + message)
  })
})

const notRunning = 'Consumer group was not initialized, consumer#run must be called first'
const at = { topic: 't', partition: 0 }

describe('4: calls before run; what they are given is looked at first', () => {
  test.each<[string, unknown, string]>([
    ['seek', { ...at, offset: '1' }, notRunning],
    ['seek', { ...at, offset: '-2' }, notRunning],
    ['seek', { topic: '', partition: 0, offset: '1' }, 'Invalid topic '],
    ['seek', { partition: 0, offset: '1' }, 'Invalid topic undefined'],
    ['seek', { topic: 't', offset: '1' }, 'Invalid partition, expected a number received undefined'],
    ['seek', { topic: 't', partition: 'x', offset: '1' }, 'Invalid partition, expected a number received x'],
    ['seek', { ...at, offset: 'x' }, 'Invalid offset, expected a long received x'],
    ['seek', { ...at, offset: '' }, 'Invalid offset, expected a long received '],
    ['seek', at, 'Invalid offset, expected a long received undefined'],
    ['seek', { ...at, offset: '-3' }, 'Offset must not be a negative number'],
    ['commitOffsets', [], notRunning],
    ['commitOffsets', [{ ...at, offset: '1' }], notRunning],
    ['commitOffsets', [{ partition: 0, offset: '1' }], 'Invalid topic undefined'],
    [
      'commitOffsets',
      [{ topic: 't', offset: '1' }],
      'Invalid partition, expected a number received undefined',
    ],
    ['commitOffsets', [{ ...at, offset: null }], 'Invalid offset, expected a long received null'],
    ['commitOffsets', [{ ...at, offset: '-1' }], 'Offset must not be a negative number'],
    [
      'commitOffsets',
      [{ ...at, offset: '1', metadata: 4 }],
      'Invalid offset metadata, expected string or null, received 4',
    ],
    ['pause', [{ topic: 't' }], notRunning],
    ['pause', [], notRunning],
    ['pause', [null], 'Invalid topic null'],
    [
      'pause',
      [{ topic: 't', partitions: 'x' }],
      'Array of valid partitions required to pause specific partitions instead of x',
    ],
    [
      'pause',
      [{ topic: 't', partitions: ['x', 1] }],
      'Array of valid partitions required to pause specific partitions instead of x,1',
    ],
    ['resume', [{ topic: 't' }], notRunning],
    ['resume', [undefined], 'Invalid topic undefined'],
    [
      'resume',
      [{ topic: 't', partitions: 0 }],
      'Array of valid partitions required to resume specific partitions instead of 0',
    ],
  ])('%s(%j)', async (method, argument, message) => {
    const outcome = await expectSame((peer) => {
      const call = idle(peer)[method as 'seek'] as (given: unknown) => unknown
      return call(argument)
    })
    expect(outcome).toBe(words + message)
  })

  test('paused gives an empty list', async () => {
    expect(await expectSame((peer) => idle(peer).paused())).toBe('gives []')
  })
})

describe('4: while it runs', () => {
  test('subscribe is refused', async () => {
    const topic = setup.topic()
    const outcomes: string[] = []
    for (const peer of peerNames) {
      const consumer = await setup.running(peer, topic, { eachMessage: async () => {} })
      outcomes.push(await outcomeOf(() => consumer.subscribe({ topics: [topic] })))
    }
    const refused = `${words}Cannot subscribe to topic while consumer is running`
    expect(outcomes).toEqual([refused, refused])
  })
})

describe('7: listeners of events that there are not', () => {
  test.each(['producer', 'consumer', 'admin'] as const)('of a %s', async (kind) => {
    const outcome = await expectSame((peer) => {
      const client: { on(name: string, listener: () => void): unknown } = new peers[peer]({
        brokers: ['localhost:1'],
        logLevel: 0,
      })[kind]({ groupId: 'g' })
      return client.on('no.such.event', () => {})
    })
    expect(outcome).toContain(`${words}Event name should be one of ${kind}.events.`)
  })
})

describe('2: brokers', () => {
  test.each<[string, () => unknown, string]>([
    ['null', () => null, `${words}Failed to connect: brokers should not be null`],
    ['an empty list', () => [], `${words}Failed to connect: brokers array is empty`],
    [
      'a list with an empty text',
      () => [''],
      `${words}Failed to connect: broker at index 0 is invalid "string"`,
    ],
    [
      'a list with a number',
      () => ['h:1', 4],
      `${words}Failed to connect: broker at index 1 is invalid "number"`,
    ],
    ['a function that gives none', () => async () => [], `${words}Failed to connect: brokers array is empty`],
  ])('%s', async (_, brokers, message) => {
    const outcome = await expectSame((peer) =>
      new peers[peer]({
        brokers: brokers() as string[],
        logLevel: 0,
        retry: { retries: 1, initialRetryTime: 1 },
      })
        .admin()
        .connect(),
    )
    expect(outcome).toBe(message)
  })

  test('a function that throws is asked again with us, as often as retry says; KafkaJS gives up at once', async () => {
    const brokers = async () => {
      throw new Error('no brokers')
    }
    const [theirs, ours] = peerNames.map((peer) =>
      outcomeOf(() =>
        new peers[peer]({ brokers, logLevel: 0, retry: { retries: 1, initialRetryTime: 1 } })
          .admin()
          .connect(),
      ),
    )
    const message = 'Failed to connect: "config.brokers" threw: no brokers'
    expect(await theirs).toBe(`KafkaJSConnectionError, true: ${message}`)
    expect(await ours).toBe(`KafkaJSNumberOfRetriesExceeded, false: ${message}`)
  })

  test('nobody listens there', async () => {
    const call = (peer: PeerName) =>
      new peers[peer]({ brokers: ['127.0.0.1:1'], logLevel: 0, retry: { retries: 0 } }).admin().connect()
    const errors = await Promise.all(
      peerNames.map((peer) =>
        call(peer).then(
          () => undefined,
          (error: unknown) => error as Error & { cause: Error & { broker?: string; code?: string } },
        ),
      ),
    )
    for (const error of errors) {
      expect(error).toMatchObject({
        name: 'KafkaJSNumberOfRetriesExceeded',
        message: 'Connection error: connect ECONNREFUSED 127.0.0.1:1',
        cause: {
          name: 'KafkaJSConnectionError',
          broker: '127.0.0.1:1',
          code: 'ECONNREFUSED',
          retriable: true,
        },
      })
    }
  })
})
