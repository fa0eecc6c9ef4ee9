// Guards against lag that never ends, and commits of what was not read.
import { Kafka } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createBroker, type TestCluster } from '../../src/testing'
import { until } from './support/case-runner'

let broker: TestCluster
let kafka: Kafka

beforeEach(async () => {
  broker = await createBroker({ network: 'memory', logger: silentLogger, topics: [{ name: 't' }] })
  kafka = new Kafka({ ...broker.clientOptions(), logger: silentLogger })
})
afterEach(() => broker.close())

test('C8: automatic commits move over the markers at the end of a partition, where no message follows', async () => {
  await using producer = kafka.producer({ transactionalId: 'tx' })
  await using consumer = kafka.consumer({
    groupId: 'g',
    topics: ['t'],
    startFrom: 'earliest',
    isolationLevel: 'read_committed',
    autoCommitIntervalMs: 20,
    fetchMaxWaitMs: 20,
  })
  const done = new AbortController()
  const running = consumer.run(() => {}, { signal: done.signal })
  await producer.transaction((tx) => tx.send('t', { value: 'x' }))
  await broker.requests.waitFor('OffsetCommit', ({ request }) => offsetOf(request) === 2n)
  const aborted = producer.transaction(async (tx) => {
    await tx.send('t', { value: 'never' })
    throw new Error('no')
  })
  await expect(aborted).rejects.toThrow('no')
  await broker.requests.waitFor('OffsetCommit', ({ request }) => offsetOf(request) === 4n)
  done.abort()
  await running
})

test('C13 G9: while a rebalance waits for other members, those that go on commit what they finish', async () => {
  const slow = await createBroker({
    network: 'memory',
    logger: silentLogger,
    topics: [{ name: 't', partitions: 3 }],
    configs: { 'group.initial.rebalance.delay.ms': 0 },
  })
  const member = (clientId: string) =>
    new Kafka({ ...slow.clientOptions(), logger: silentLogger, clientId }).consumer({
      groupId: 'g',
      topics: ['t'],
      startFrom: 'earliest',
      autoCommitIntervalMs: 20,
      heartbeatIntervalMs: 20,
    })
  const [quick, busy, late] = [member('quick'), member('busy'), member('late')]
  let handled = 0
  const runs = [quick, busy].map((one) => one.run(() => void handled++))
  const shares = () => [quick, busy, late].map((one) => one.assignment().length)
  await until(
    () => Math.min(...shares().slice(0, 2)) > 0 && shares().reduce((sum, share) => sum + share) === 3,
    'both have a part',
  )

  // A rebalance that waits for one member, as it does when a listener of this one is busy.
  let release = () => {}
  const released = new Promise<void>((resolve) => (release = resolve))
  let heldJoins = 0
  let quickJoins = 0
  slow.on('JoinGroup', async (_request, { clientId }) => {
    if (clientId === 'quick') quickJoins++
    if (clientId !== 'busy') return
    heldJoins++
    await released
  })
  runs.push(late.run(() => void handled++))
  await until(() => heldJoins === 1 && quickJoins === 1, 'a rebalance that waits')

  const partition = quick.assignment()[0]?.partition ?? 0
  await using producer = new Kafka({ ...slow.clientOptions(), logger: silentLogger }).producer()
  await producer.send('t', { partition, value: 'x' })
  await until(() => handled === 1, 'a message of one that goes on')
  const offset = async () => (await quick.committed([{ topic: 't', partition }]))[0]?.committed?.offset
  const end = performance.now() + 2_000
  while ((await offset()) !== 1n && performance.now() < end)
    await new Promise((resolve) => setTimeout(resolve, 10))
  expect(await offset()).toBe(1n)
  expect(shares()[2]).toBe(0)

  release()
  await until(() => shares().every((share) => share === 1), 'everyone has a part')
  expect(handled).toBe(1)
  await Promise.all([quick, busy, late].map((one) => one.close()))
  await Promise.all(runs)
  await slow.close()
})

function offsetOf(request: { topics: readonly { partitions: readonly { committedOffset: bigint }[] }[] }) {
  return request.topics[0]?.partitions[0]?.committedOffset
}
