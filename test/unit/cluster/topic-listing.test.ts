// Guards consumers by pattern against topics found too late, taken for deleted when nobody could know, and requests that nobody needs.
import { KafkaError } from '../../../src/base/errors'
import { silentLogger } from '../../../src/base/logger'
import { TopicListing, type ListedTopic } from '../../../src/cluster/topic-listing'
import type { MetadataRequest, MetadataResponse } from '../../../src/wire/generated/client/metadata'
import { zeroUuid } from '../../../src/wire/primitives/uuid'
import { FakeClock, settle } from '../support/fake-clock'

const maxAgeMs = 1000
const node = { nodeId: 1, host: 'localhost', port: 1, rack: null }

const topicOf = (name: string | null, errorCode = 0): MetadataResponse['topics'][number] => ({
  errorCode,
  name,
  topicId: zeroUuid,
  isInternal: name?.startsWith('__') ?? false,
  partitions: [],
  topicAuthorizedOperations: 0,
})

function answer(names: readonly string[], changes: Partial<MetadataResponse> = {}): MetadataResponse {
  return {
    throttleTimeMs: 0,
    brokers: [node],
    clusterId: null,
    controllerId: 1,
    topics: names.map((name) => topicOf(name)),
    clusterAuthorizedOperations: 0,
    errorCode: 0,
    ...changes,
  }
}

function setUp() {
  const clock = new FakeClock()
  const requests: MetadataRequest[] = []
  const next: (() => MetadataResponse | Promise<MetadataResponse>)[] = []
  const errors: unknown[] = []
  const settings = {
    clock,
    logger: { ...silentLogger, error: (text: string) => void errors.push(text) },
    metadataMaxAgeMs: maxAgeMs,
    retryBackoffMs: 100,
    retryBackoffMaxMs: 400,
    random: () => 0.5,
  }
  const listing = new TopicListing(settings, async (request) => {
    requests.push(request)
    return await (next.shift() ?? (() => answer(['a', '__b'])))()
  })
  const told: string[][] = []
  const listen = (topics: readonly ListedTopic[]) => void told.push(topics.map(({ name }) => name))
  return { clock, requests, next, errors, listing, told, listen }
}

it('G12: tells all topics once they are known, and again each metadataMaxAgeMs while somebody watches', async () => {
  const { clock, requests, listing, told, listen, next } = setUp()
  listing.start()
  await clock.advance(10 * maxAgeMs)
  expect(requests).toEqual([])
  const end = listing.watch(listen)
  expect(told).toEqual([])
  await settle()
  expect(told).toEqual([['a', '__b']])
  expect(requests).toEqual([{ topics: null, allowAutoTopicCreation: false }])
  next.push(() => answer(['a', '__b', 'c']))
  await clock.advance(maxAgeMs)
  expect(told.at(-1)).toEqual(['a', '__b', 'c'])
  end()
  expect(clock.pendingTimers).toBe(0)
  await clock.advance(10 * maxAgeMs)
  expect(requests).toHaveLength(2)
})

it('asks once for those who begin together, and again for who begins while a request is under way', async () => {
  const { requests, listing, told, listen, next } = setUp()
  let release = (): void => {}
  next.push(() => new Promise((resolve) => (release = () => resolve(answer(['a'])))))
  listing.start()
  const ends = [listing.watch(listen), listing.watch(listen)]
  await settle()
  expect(requests).toHaveLength(1)
  ends.push(listing.watch(listen))
  release()
  await settle()
  expect(requests).toHaveLength(2)
  expect(told).toEqual([['a'], ['a'], ['a'], ['a', '__b'], ['a', '__b'], ['a', '__b']])
  ends.forEach((end) => end())
})

it.each<[string, Partial<MetadataResponse>]>([
  ['an error', { errorCode: -1 }],
  ['no brokers', { brokers: [] }],
])(
  'an answer with %s is no list of topics: nothing counts as deleted, and it is asked again after a backoff',
  async (_, changes) => {
    const { clock, requests, listing, told, listen, next } = setUp()
    next.push(() => answer([], changes))
    listing.start()
    listing.watch(listen)
    await settle()
    expect(told).toEqual([])
    await clock.advance(400)
    expect(requests).toHaveLength(2)
    expect(told).toEqual([['a', '__b']])
    listing.stop()
    expect(clock.pendingTimers).toBe(0)
  },
)

it('leaves out topics without a name and such as do not exist, not those without a leader', async () => {
  const { listing, told, listen, next } = setUp()
  next.push(() =>
    answer([], { topics: [topicOf('a'), topicOf(null), topicOf('gone', 3), topicOf('leaderless', 5)] }),
  )
  listing.start()
  listing.watch(listen)
  await settle()
  expect(told).toEqual([['a', 'leaderless']])
  listing.stop()
})

it('tells what does not pass by itself, and goes on asking all the same', async () => {
  const { clock, listing, told, listen, next } = setUp()
  const refused: string[] = []
  const refuse = (retriable: boolean) => () => Promise.reject(new KafkaError('REFUSED', 'no', { retriable }))
  next.push(refuse(true), refuse(false))
  listing.start()
  listing.watch(listen, ({ code }) => void refused.push(code))
  await settle()
  expect(refused).toEqual([])
  await clock.advance(200)
  expect(refused).toEqual(['REFUSED'])
  await clock.advance(1000)
  expect(told).toEqual([['a', '__b']])
  listing.stop()
})

it('a listener that throws, or ends another one, does not keep the others from being told', async () => {
  const { errors, listing, told, listen } = setUp()
  listing.start()
  let endLast = (): void => {}
  listing.watch(() => {
    endLast()
    throw new Error('broken')
  })
  listing.watch(listen)
  endLast = listing.watch(() => void told.push(['last']))
  await settle()
  expect(told).toEqual([['a', '__b']])
  expect(errors).toHaveLength(1)
  listing.stop()
})

it('L23: nothing is asked before the start and after the stop; who watches is told again after the next start', async () => {
  const { clock, requests, listing, told, listen } = setUp()
  listing.watch(listen)
  await clock.advance(maxAgeMs)
  expect(requests).toEqual([])
  listing.start()
  await settle()
  listing.stop()
  expect(clock.pendingTimers).toBe(0)
  await clock.advance(5 * maxAgeMs)
  expect(requests).toHaveLength(1)
  listing.start()
  await settle()
  expect(told).toHaveLength(2)
  listing.stop()
})

it('an answer that comes after the stop is not told', async () => {
  const { listing, told, listen, next } = setUp()
  let release = (): void => {}
  next.push(() => new Promise((resolve) => (release = () => resolve(answer(['a'])))))
  listing.start()
  listing.watch(listen)
  await settle()
  listing.stop()
  release()
  await settle()
  expect(told).toEqual([])
})
