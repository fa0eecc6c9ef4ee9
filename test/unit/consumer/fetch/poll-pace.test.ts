// Guards against consumers that wake their process for nothing, and against messages that wait because of it.
import type { Message } from '../../../../src/message/message'
import { assignedConsumer, type ConsumerBench, partitionsOf, until } from '../support/consumer-bench'

function collect({ consumer }: ConsumerBench): { seen: Message[]; run: Promise<void> } {
  const seen: Message[] = []
  return { seen, run: consumer.run((message) => void seen.push(message)) }
}

/** How long each poll since the given one may be held back. */
const waits = ({ cluster }: ConsumerBench, from = 0) =>
  cluster.fetches
    .map(({ request }) => request.maxWaitMs)
    .filter((ms) => ms > 0)
    .slice(from)

test('L23: a broker that has had nothing for three seconds is polled every five, until it has something', async () => {
  const bench = assignedConsumer()
  const { cluster, consumer } = bench
  const { seen, run } = collect(bench)
  await cluster.clock.advance(60_000)
  const atRest = waits(bench)
  expect(new Set(atRest.slice(0, 6))).toEqual(new Set([500]))
  expect(new Set(atRest.slice(7))).toEqual(new Set([5000]))
  expect(atRest.length).toBeLessThan(20)

  const before = cluster.clock.now()
  cluster.log('t', 0).fill(3)
  cluster.notify()
  await until(cluster, () => seen.length === 3)
  expect(cluster.clock.now()).toBe(before)
  await cluster.clock.advance(1000)
  expect(waits(bench, atRest.length)).toEqual([500, 500, 500])
  await consumer.close()
  await run
  expect(cluster.clock.pendingTimers).toBe(0)
})

test.each([
  ['fetchMinBytes makes messages wait for others', { fetchMinBytes: 1000 }, 500],
  ['polls are held back for longer anyway', { fetchMaxWaitMs: 20_000 }, 20_000],
])('L23: nothing changes when %s', async (_when, options, expected) => {
  const bench = assignedConsumer(options)
  const { run } = collect(bench)
  await bench.cluster.clock.advance(30_000)
  expect(new Set(waits(bench))).toEqual(new Set([expected]))
  await bench.consumer.close()
  await run
})

test('L20: a poll that was refused or lost is followed by short ones', async () => {
  const bench = assignedConsumer()
  const { cluster, consumer } = bench
  const { run } = collect(bench)
  await cluster.clock.advance(20_000)
  const count = waits(bench).length
  cluster.fetchErrors.push(71)
  cluster.notify()
  await cluster.clock.advance(1000)
  expect(waits(bench, count)[0]).toBe(500)
  await consumer.close()
  await run
})

test('C11 L17: while the broker holds back a long poll, partitions that become fetchable get their messages as soon as otherwise', async () => {
  const bench = assignedConsumer({}, 3)
  const { cluster, consumer } = bench
  const { seen, run } = collect(bench)
  consumer.pause(partitionsOf(1, 2))
  await cluster.clock.advance(20_000)
  expect(waits(bench).at(-1)).toBe(5000)

  // Nothing is there yet, and the poll under way does not ask for them.
  const before = cluster.clock.now()
  consumer.resume(partitionsOf(1))
  await cluster.clock.advance(100)
  consumer.resume(partitionsOf(2))
  await cluster.clock.advance(100)
  cluster.log('t', 1).fill(1)
  cluster.log('t', 2).fill(1)
  const polls = waits(bench).length
  await until(cluster, () => seen.length === 2)
  expect(cluster.clock.now() - before).toBeLessThanOrEqual(800)
  expect(waits(bench)).toHaveLength(polls)
  await consumer.close()
  await run
})

test('C11 L17: while a partition is full and its broker has nothing else, each further part of it is fetched at once', async () => {
  const bench = assignedConsumer({ maxPartitionFetchBytes: 2000 }, 2)
  const { cluster, consumer } = bench
  for (let i = 0; i < 200; i++) cluster.log('t', 0).fill(10)
  const seen: Message[] = []
  const pauses: number[] = []
  let last = 0
  const run = consumer.run(async (message) => {
    const now = cluster.clock.now()
    if (seen.length > 0) pauses.push(now - last)
    seen.push(message)
    await new Promise<void>((resolve) => cluster.clock.setTimer(20, resolve))
    last = cluster.clock.now()
  })
  for (let i = 0; i < 400 && seen.length < 1000; i++) await cluster.clock.advance(100)
  expect(seen.length).toBeGreaterThanOrEqual(1000)
  expect(Math.max(...waits(bench))).toBe(5000)
  expect(Math.max(...pauses)).toBeLessThanOrEqual(25)
  await Promise.all([consumer.close(), cluster.clock.advance(1000)])
  await run
})
