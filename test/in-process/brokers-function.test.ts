// Guards brokers given by a function: asked when they are needed and not before, and a cluster that moved is found again.
import { Kafka, type KafkaOptions } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createCluster, type TestCluster } from '../../src/testing'
import { rejectionOf } from '../support/rejection'

const ends: (() => Promise<unknown>)[] = []

afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

async function start(): Promise<TestCluster> {
  const cluster = await createCluster({ brokers: 2, logger: silentLogger, topics: [{ name: 't' }] })
  ends.push(() => cluster.close())
  return cluster
}

function adminOf(brokers: KafkaOptions['brokers'], requestTimeoutMs = 2000) {
  const kafka = new Kafka({
    brokers,
    logger: silentLogger,
    requestTimeoutMs,
    retryBackoffMs: 5,
    reconnectBackoffMs: 5,
    reconnectBackoffMaxMs: 20,
  })
  const admin = kafka.admin({ defaultApiTimeoutMs: Math.max(4000, requestTimeoutMs) })
  ends.push(() => admin.close())
  return admin
}

test('it is asked at the first use, once, however many need it', async () => {
  const cluster = await start()
  let calls = 0
  const admin = adminOf(async () => {
    calls++
    return cluster.bootstrap
  })
  expect(calls).toBe(0)
  await Promise.all([admin.listTopics(), admin.listTopics(), admin.describeCluster()])
  cluster.cutConnections()
  await admin.listTopics()
  expect(calls).toBe(1)
})

test('a cluster that is elsewhere now is found again', async () => {
  const [old, next] = [await start(), await start()]
  let current = old
  const admin = adminOf(() => current.bootstrap)
  await admin.listTopics()
  next.createTopic('new', {})
  current = next
  await old.close()
  expect((await admin.listTopics()).map(({ name }) => name).sort()).toEqual(['new', 't'])
})

test('addresses that lead nowhere are asked for again', async () => {
  const cluster = await start()
  let calls = 0
  const admin = adminOf(() => (++calls < 2 ? ['127.0.0.1:1'] : cluster.bootstrap))
  expect(await admin.listTopics()).toHaveLength(1)
  expect(calls).toBe(2)
})

test('one that fails is asked again; one that goes on failing is told of', async () => {
  const cluster = await start()
  let calls = 0
  const failing = adminOf(() => {
    if (++calls === 1) throw new Error('registry away')
    return cluster.bootstrap
  })
  expect(await failing.listTopics()).toHaveLength(1)
  const hopeless = adminOf(async () => await Promise.reject(new Error('registry away')))
  const error = (await rejectionOf(hopeless.listTopics())) as Error
  expect(error.message).toContain('The function of the option brokers failed: registry away')
})

test.each([
  ['nothing', undefined, "gave no addresses: a list of texts 'host:port' is needed"],
  ['an empty list', [], 'gave no addresses'],
  ['a wrong address', ['a:1', 'b'], "gave wrong addresses: address 1 is 'b': a port is needed"],
  ['no texts', [4], "gave wrong addresses: address 0 is '4'"],
])('%s is refused at once', async (_, given, message) => {
  const admin = adminOf(() => given as never)
  expect(await rejectionOf(admin.listTopics())).toMatchObject({
    code: 'INVALID_OPTION',
    message: expect.stringContaining(message) as string,
  })
})

test('one that never answers ends with the call', async () => {
  const admin = adminOf(() => new Promise<string[]>(() => {}), 100)
  expect(await rejectionOf(admin.listTopics({ timeoutMs: 100 }))).toMatchObject({ code: 'TIMEOUT' })
})

test('what is neither a list nor a function is refused', () => {
  expect(() => new Kafka({ brokers: 'a:1' as never })).toThrow(/'brokers' is 'a:1'/)
  expect(() => new Kafka({ brokers: ['a'] })).toThrow(/'brokers.0' is 'a': a port is needed/)
})
