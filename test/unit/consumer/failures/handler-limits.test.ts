// Guards against handlers that never come back, and against consumers that wait for themselves: whatever a handler does, its
// partition alone is held up, the group is told in time, and stop and close come to an end.
import type { Consumer } from '../../../../src/consumer/consumer'
import type { HandlerContext } from '../../../../src/consumer/delivery/handler-context'
import type { Message } from '../../../../src/message/message'
import { settle } from '../../support/fake-clock'
import { type ConsumerBench, groupConsumer, partitionsOf, shown, until } from '../support/consumer-bench'

type Handler = (message: Message, context: HandlerContext) => unknown

/** All ways to hand messages to a handler. */
const ways: Record<string, (consumer: Consumer, handler: Handler) => Promise<void>> = {
  'order partition': (consumer, handler) => consumer.run(handler, { concurrency: 2 }),
  'order key': (consumer, handler) => consumer.run(handler, { order: 'key', concurrency: 2 }),
  'order none': (consumer, handler) => consumer.run(handler, { order: 'none', concurrency: 2 }),
  batches: (consumer, handler) =>
    consumer.runBatches((batch, context) => handler(batch.messages[0] as Message, context), {
      concurrency: 2,
    }),
}

function hanging(): { handler: Handler; seen: string[]; aborted: string[]; release: () => void } {
  const seen: string[] = []
  const aborted: string[] = []
  let release = () => {}
  const handler: Handler = async (message, { signal }) => {
    const what = shown(message)
    seen.push(what)
    if (what !== '0:0' || aborted.length > 0) return
    signal.addEventListener('abort', () => aborted.push(what))
    await new Promise<void>((resolve) => (release = resolve))
  }
  return { handler, seen, aborted, release: () => release() }
}

describe.each(Object.keys(ways))('a handler that hangs, %s', (name) => {
  const begin = ways[name] as (consumer: Consumer, handler: Handler) => Promise<void>

  const bench = async (options: Parameters<typeof groupConsumer>[0] = {}): Promise<ConsumerBench> => {
    const made = groupConsumer(options, 2)
    for (const partition of [0, 1]) made.cluster.log('t', partition).fill(1500, 100)
    await Promise.resolve()
    return made
  }

  it('L17: holds up its partition, and no other', async () => {
    const { cluster, group, consumer } = await bench()
    const { handler, seen, release } = hanging()
    const run = begin(consumer, handler)
    await group.assign(partitionsOf(0, 1))
    await cluster.clock.advance(60_000)
    expect(group.offsetOf('t', 1)).toBe(1500n)
    expect(group.offsetOf('t', 0) ?? 0n).toBe(0n)
    expect(seen.filter((what) => what.startsWith('0:')).length).toBeLessThanOrEqual(512)
    release()
    await cluster.clock.advance(6000)
    expect(group.offsetOf('t', 0)).toBe(1500n)
    await consumer.close()
    await run
  })

  it('G2 L16: loses its partitions after maxPollIntervalMs, is told by its signal, and the member comes back after it', async () => {
    const { cluster, group, consumer } = await bench({ maxPollIntervalMs: 2000 })
    const { handler, aborted, release } = hanging()
    const run = begin(consumer, handler)
    await group.assign(partitionsOf(0, 1))
    await cluster.clock.advance(1900)
    expect([group.suspensions, aborted]).toEqual([0, []])
    await cluster.clock.advance(200)
    expect([group.suspensions, aborted]).toEqual([1, ['0:0']])
    expect(group.resumptions).toBe(0)
    release()
    await settle()
    expect(group.resumptions).toBe(1)
    await group.assign(partitionsOf(0))
    await until(cluster, () => consumer.position({ topic: 't', partition: 0 }) === 1500n)
    await consumer.close()
    await run
    expect(group.offsetOf('t', 0)).toBe(1500n)
  })

  it('G10: what fails after its partition was given away stops nothing', async () => {
    const { cluster, group, consumer } = await bench({ rebalanceTimeoutMs: 1000 })
    let fail = () => {}
    let outcome: unknown
    const run = begin(consumer, async (message, { signal }) => {
      if (shown(message) !== '0:0' || signal.aborted) return
      await new Promise<void>((_resolve, reject) => (fail = () => reject(new Error('too late'))))
    })
    run.then(
      () => (outcome = 'ended'),
      (error: unknown) => (outcome = error),
    )
    await group.assign(partitionsOf(0, 1))
    await settle()
    const revoked = group.revoke(partitionsOf(0))
    await cluster.clock.advance(1000)
    await revoked
    expect(group.offsetOf('t', 0) ?? 0n).toBe(0n)
    fail()
    await cluster.clock.advance(100)
    expect(outcome).toBeUndefined()
    await consumer.close()
    expect(outcome).toBe('ended')
  })

  it('G15: close gives it half of its time, then fires its signal, and commits nothing of it', async () => {
    const { cluster, group, consumer } = await bench()
    const { handler, aborted, release } = hanging()
    const run = begin(consumer, handler)
    await group.assign(partitionsOf(0, 1))
    await cluster.clock.advance(6000)
    let isClosed = false
    const closed = consumer.close({ timeoutMs: 10_000 }).then(() => (isClosed = true))
    await cluster.clock.advance(4900)
    expect([isClosed, aborted]).toEqual([false, []])
    await cluster.clock.advance(200)
    await closed
    expect(aborted).toEqual(['0:0'])
    expect(group.offsetOf('t', 0) ?? 0n).toBe(0n)
    expect(group.events.at(-1)).toBe('left')
    release()
    await run
  })

  it('G15 L15: what comes back because its signal fired at a close is not committed', async () => {
    const { cluster, group, consumer } = await bench()
    const run = begin(
      consumer,
      (_, { signal }) => new Promise((resolve) => signal.addEventListener('abort', resolve)),
    )
    await group.assign(partitionsOf(0, 1))
    await cluster.clock.advance(100)
    const closed = consumer.close({ timeoutMs: 10_000 })
    await cluster.clock.advance(10_000)
    await closed
    await run
    expect([group.offsetOf('t', 0) ?? 0n, group.offsetOf('t', 1) ?? 0n]).toEqual([0n, 0n])
  })

  it('context.stop() ends the run after the handlers that are running, its own included', async () => {
    const { cluster, group, consumer } = await bench()
    const seen: string[] = []
    const run = begin(consumer, async (message, { stop }) => {
      await Promise.resolve()
      seen.push(shown(message))
      stop()
      await Promise.resolve()
    })
    await group.assign(partitionsOf(0, 1))
    await run
    expect(seen.length).toBeLessThanOrEqual(2)
    await consumer.close()
    const committed = [0, 1].map((partition) => group.offsetOf('t', partition) ?? 0n)
    expect(committed.some((offset) => offset > 0n)).toBe(true)
    expect(cluster.clock.pendingTimers).toBe(0)
  })

  it('stop() that is awaited in a handler ends with an error that says what to do, instead of waiting for itself for ever', async () => {
    const { cluster, group, consumer } = await bench()
    let error: unknown
    let outcome: unknown
    const run = begin(consumer, async () => {
      await Promise.resolve()
      await consumer.stop({ timeoutMs: 2000 }).catch((reason: unknown) => (error ??= reason))
    })
    void run.then(() => (outcome = 'ended'))
    await group.assign(partitionsOf(0, 1))
    await cluster.clock.advance(1900)
    expect(outcome).toBeUndefined()
    await cluster.clock.advance(200)
    expect(error).toMatchObject({
      code: 'HANDLER_TIMEOUT',
      message: expect.stringContaining('use context.stop()') as unknown,
    })
    expect(outcome).toBe('ended')
    await consumer.close()
  })

  it('close() that is awaited in a handler ends within its time', async () => {
    const { cluster, group, consumer } = await bench()
    let closes = 0
    const run = begin(consumer, async () => {
      await consumer.close({ timeoutMs: 2000 })
      closes++
    })
    await group.assign(partitionsOf(0, 1))
    await cluster.clock.advance(2000)
    await run
    expect(closes).toBeGreaterThan(0)
    expect(group.events.at(-1)).toBe('left')
  })
})

it('G2 L16: a loop whose body hangs loses its partitions after maxPollIntervalMs', async () => {
  const { cluster, group, consumer } = groupConsumer({ maxPollIntervalMs: 2000 })
  cluster.log('t', 0).fill(5)
  let release = () => {}
  const loop = (async () => {
    for await (const _ of consumer) await new Promise<void>((resolve) => (release = resolve))
  })()
  await group.assign(partitionsOf(0))
  await cluster.clock.advance(2100)
  expect(group.suspensions).toBe(1)
  const closed = consumer.close({ timeoutMs: 100 })
  release()
  await cluster.clock.advance(200)
  await closed
  await loop
})

describe('autoCommitMessages', () => {
  const offsetsOf = (bench: ConsumerBench) => bench.group.commits.flat().map(({ offset }) => Number(offset))

  it.each(['order partition', 'order key', 'order none'])(
    'C13: commits as soon as so many messages are finished, %s',
    async (name) => {
      const bench = groupConsumer({ autoCommitMessages: 10, autoCommitIntervalMs: 1_000_000 })
      const { cluster, group, consumer } = bench
      cluster.log('t', 0).fill(95, 100)
      const begin = ways[name] as (consumer: Consumer, handler: Handler) => Promise<void>
      const run = begin(consumer, () => Promise.resolve())
      await group.assign(partitionsOf(0))
      await until(cluster, () => consumer.position({ topic: 't', partition: 0 }) === 95n)
      await settle()
      expect(offsetsOf(bench).at(-1)).toBeGreaterThanOrEqual(90)
      expect(offsetsOf(bench).length).toBeGreaterThanOrEqual(3)
      expect(offsetsOf(bench).length).toBeLessThanOrEqual(9)
      await consumer.close()
      await run
      expect(offsetsOf(bench).at(-1)).toBe(95)
    },
  )

  it('C13: counts what synchronous handlers, batches and loops finish', async () => {
    const reads: ((consumer: Consumer) => Promise<unknown>)[] = [
      (consumer) => consumer.run(() => undefined),
      (consumer) => consumer.runBatches(() => undefined, { maxMessages: 10 }),
      async (consumer) => {
        for await (const message of consumer) void message
      },
    ]
    for (const read of reads) {
      const bench = groupConsumer({ autoCommitMessages: 40, autoCommitIntervalMs: 1_000_000 })
      const { cluster, group, consumer } = bench
      cluster.log('t', 0).fill(90, 100)
      const reading = read(consumer)
      await group.assign(partitionsOf(0))
      await until(cluster, () => offsetsOf(bench).length > 0)
      expect(offsetsOf(bench)[0]).toBeGreaterThanOrEqual(40)
      await consumer.close()
      await reading
    }
  })

  it('the interval still holds for what is less than that, and a commit by count begins it anew', async () => {
    const bench = groupConsumer({ autoCommitMessages: 10, autoCommitIntervalMs: 1000 })
    const { cluster, group, consumer } = bench
    cluster.log('t', 0).fill(4)
    const run = consumer.run(() => undefined)
    await group.assign(partitionsOf(0))
    await cluster.clock.advance(900)
    expect(offsetsOf(bench)).toEqual([])
    cluster.log('t', 0).fill(8)
    cluster.notify()
    await cluster.clock.advance(50)
    expect(offsetsOf(bench)).toEqual([12])
    cluster.log('t', 0).fill(1)
    cluster.notify()
    await cluster.clock.advance(940)
    expect(offsetsOf(bench)).toEqual([12])
    await cluster.clock.advance(100)
    expect(offsetsOf(bench)).toEqual([12, 13])
    await consumer.close()
    await run
    expect(cluster.clock.pendingTimers).toBe(0)
  })

  it('is refused where it says nothing', () => {
    expect(() => groupConsumer({ autoCommitMessages: 0 })).toThrow("option 'autoCommitMessages' is 0")
  })
})
