// Guards the error policy's first promise: a message that fails is tried again where it stands, in its order, and holds up
// nobody else. A retry that overtakes, is lost or is committed over would be a message lost without a trace.
import type { KafkaError } from '../../../../src/base/errors'
import type { ErrorPolicy } from '../../../../src/consumer/failures/error-policy'
import type { Message } from '../../../../src/message/message'
import { topic } from '../../../../src/serde/topic'
import { int32 } from '../../../../src/serde/number-serdes'
import { settle } from '../../support/fake-clock'
import { type ConsumerBench, groupConsumer, partitionsOf, shown, until } from '../support/consumer-bench'

/** Without jitter to speak of: waits are compared with what they should be. */
const policy = { retries: 3, retryBackoffMs: 1000, retryBackoffMaxMs: 3000 } as const

interface Attempt {
  readonly what: string
  readonly attempt: number
  readonly at: number
}

/** A handler that notes its calls, and fails at the messages named as often as is said. */
function failing(bench: ConsumerBench, failures: Record<string, number>) {
  const attempts: Attempt[] = []
  const done: string[] = []
  const left = new Map(Object.entries(failures))
  const handler = async (message: Message, context: { readonly attempt: number }) => {
    const what = shown(message)
    attempts.push({ what, attempt: context.attempt, at: bench.cluster.clock.now() })
    await Promise.resolve()
    const remaining = left.get(what) ?? 0
    if (remaining > 0) {
      left.set(what, remaining - 1)
      throw new Error(`${what} failed`)
    }
    done.push(what)
  }
  return { attempts, done, handler, of: (what: string) => attempts.filter((one) => one.what === what) }
}

function outcomeOf(run: Promise<void>): { value: unknown } {
  const outcome: { value: unknown } = { value: undefined }
  run.then(
    () => (outcome.value = 'ended'),
    (error: unknown) => (outcome.value = error),
  )
  return outcome
}

describe.each(['partition', 'key', 'none'] as const)('a failing handler, order %s', (order) => {
  it('is called again after a backoff that doubles, up to its maximum; then the run ends, and nothing of it is committed', async () => {
    const bench = groupConsumer()
    const { cluster, group, consumer } = bench
    cluster.log('t', 0).fill(5)
    const { handler, of } = failing(bench, { '0:2': 99 })
    const outcome = outcomeOf(consumer.run(handler, { order, onError: policy }))
    await group.assign(partitionsOf(0))
    await until(cluster, () => of('0:2').length === 1)
    for (let i = 0; i < 200 && outcome.value === undefined; i++) await cluster.clock.advance(100)
    expect(outcome.value).toMatchObject({
      code: 'HANDLER_FAILED',
      message: 'The handler failed 4 times at offset 2: 0:2 failed (t-0)',
    })
    expect(of('0:2').map(({ attempt }) => attempt)).toEqual([1, 2, 3, 4])
    const waits = of('0:2').map(({ at }, index, all) => at - (all[index - 1]?.at ?? at))
    for (const [index, base] of [0, 1000, 2000, 3000].entries()) {
      expect(waits[index]).toBeGreaterThanOrEqual(base * 0.8)
      expect(waits[index]).toBeLessThanOrEqual(base * 1.2 + 100)
    }
    await consumer.close()
    expect(group.offsetOf('t', 0)).toBe(2n)
    expect(cluster.clock.pendingTimers).toBe(0)
  })

  it('goes on where it was once an attempt succeeds, and counts anew for the next message', async () => {
    const bench = groupConsumer()
    const { cluster, group, consumer } = bench
    cluster.log('t', 0).fill(6)
    const { handler, done, attempts } = failing(bench, { '0:2': 2, '0:4': 1 })
    const run = consumer.run(handler, { order, onError: policy })
    await group.assign(partitionsOf(0))
    await cluster.clock.advance(10_000)
    expect([...done].sort()).toEqual(['0:0', '0:1', '0:2', '0:3', '0:4', '0:5'])
    if (order === 'partition') expect(done).toEqual([...done].sort())
    expect(attempts.filter(({ attempt }) => attempt > 1).map(({ what }) => what)).toEqual(
      expect.arrayContaining(['0:2', '0:2', '0:4']),
    )
    await consumer.close()
    await run
    expect(group.offsetOf('t', 0)).toBe(6n)
  })

  it('L17: holds no slot of the concurrency during a backoff: other partitions go on', async () => {
    const bench = groupConsumer({}, 2)
    const { cluster, group, consumer } = bench
    cluster.log('t', 0).fill(3)
    cluster.log('t', 1).fill(500)
    const { handler, done, of } = failing(bench, { '0:0': 99 })
    const run = consumer.run(handler, { order, concurrency: 1, onError: { ...policy, retries: Infinity } })
    await group.assign(partitionsOf(0, 1))
    await until(cluster, () => done.filter((what) => what.startsWith('1:')).length === 500)
    expect(of('0:0').length).toBeLessThanOrEqual(2)
    // Whatever is handed out behind it, nothing of the partition is committed past the failing message.
    await cluster.clock.advance(60_000)
    expect(of('0:0').length).toBeGreaterThan(10)
    expect(group.offsetOf('t', 0) ?? 0n).toBe(0n)
    expect(group.offsetOf('t', 1)).toBe(500n)
    await consumer.close()
    await run
  })

  it.each([
    ['stop', (bench: ConsumerBench) => bench.consumer.stop()],
    ['close', (bench: ConsumerBench) => bench.consumer.close()],
  ] as const)('%s ends a backoff at once; the message is delivered again', async (_what, end) => {
    const bench = groupConsumer()
    const { cluster, group, consumer } = bench
    cluster.log('t', 0).fill(5)
    const { handler, of } = failing(bench, { '0:2': 99 })
    const outcome = outcomeOf(consumer.run(handler, { order, onError: { ...policy, retryBackoffMs: 3000 } }))
    await group.assign(partitionsOf(0))
    await until(cluster, () => of('0:2').length === 1)
    await settle()
    const before = cluster.clock.now()
    await end(bench)
    await settle()
    expect(outcome.value).toBe('ended')
    expect(cluster.clock.now()).toBe(before)
    expect(group.offsetOf('t', 0)).toBe(2n)
    await consumer.close()
    expect(cluster.clock.pendingTimers).toBe(0)
  })

  it('L14 G10: a revocation during a backoff waits for nothing, commits up to the message, and ends its retries', async () => {
    const bench = groupConsumer({}, 2)
    const { cluster, group, consumer } = bench
    cluster.log('t', 0).fill(5)
    const { handler, of } = failing(bench, { '0:2': 99 })
    const run = consumer.run(handler, { order, onError: policy })
    await group.assign(partitionsOf(0, 1))
    await until(cluster, () => of('0:2').length === 1)
    const before = cluster.clock.now()
    await group.revoke(partitionsOf(0))
    expect(cluster.clock.now()).toBe(before)
    expect(group.offsetOf('t', 0)).toBe(2n)
    await cluster.clock.advance(20_000)
    expect(of('0:2')).toHaveLength(1)
    await group.assign(partitionsOf(0))
    await until(cluster, () => of('0:2').length === 2)
    expect(of('0:2').map(({ attempt }) => attempt)).toEqual([1, 1])
    await consumer.close()
    await run
  })

  it('G10: a partition that is lost during a backoff is not tried again, and nothing of it is committed', async () => {
    const bench = groupConsumer({}, 2)
    const { cluster, group, consumer } = bench
    cluster.log('t', 0).fill(5)
    const { handler, of } = failing(bench, { '0:2': 99 })
    const run = consumer.run(handler, { order, onError: policy })
    await group.assign(partitionsOf(0, 1))
    await until(cluster, () => of('0:2').length === 1)
    const commits = group.commits.length
    await group.lose(partitionsOf(0))
    await cluster.clock.advance(20_000)
    expect(of('0:2')).toHaveLength(1)
    expect(group.commits.slice(commits).flat()).not.toContainEqual(expect.objectContaining({ partition: 0 }))
    await consumer.close()
    await run
  })

  it('C5: a seek during a backoff leads elsewhere at once, and the retry is forgotten', async () => {
    const bench = groupConsumer()
    const { cluster, group, consumer } = bench
    cluster.log('t', 0).fill(30)
    const { handler, of, done } = failing(bench, { '0:2': 99 })
    const run = consumer.run(handler, { order, onError: { ...policy, retryBackoffMs: 3000 } })
    await group.assign(partitionsOf(0))
    await until(cluster, () => of('0:2').length === 1)
    const before = cluster.clock.now()
    consumer.seek({ topic: 't', partition: 0 }, 20n)
    await until(cluster, () => done.includes('0:29'))
    expect(cluster.clock.now() - before).toBeLessThan(1000)
    await cluster.clock.advance(20_000)
    expect(of('0:2')).toHaveLength(1)
    await consumer.close()
    await run
    expect(group.offsetOf('t', 0)).toBe(30n)
  })

  it('C6: a paused partition is not tried again before it is resumed', async () => {
    const bench = groupConsumer()
    const { cluster, group, consumer } = bench
    cluster.log('t', 0).fill(5)
    const { handler, of, done } = failing(bench, { '0:2': 1 })
    const run = consumer.run(handler, { order, onError: policy })
    await group.assign(partitionsOf(0))
    await until(cluster, () => of('0:2').length === 1)
    consumer.pause(partitionsOf(0))
    await cluster.clock.advance(20_000)
    expect(of('0:2')).toHaveLength(1)
    consumer.resume(partitionsOf(0))
    await until(cluster, () => done.length === 5)
    expect(of('0:2').map(({ attempt }) => attempt)).toEqual([1, 2])
    await consumer.close()
    await run
  })

  it('G2 L16: a backoff does not count for maxPollIntervalMs; each attempt does', async () => {
    const bench = groupConsumer({ maxPollIntervalMs: 2000 })
    const { cluster, group, consumer } = bench
    cluster.log('t', 0).fill(3)
    let attempts = 0
    let lost = false
    const run = consumer.run(
      async (_message, { signal, attempt }) => {
        attempts++
        if (attempt < 3) throw new Error('not yet')
        // The third attempt hangs until it is told that its partition is gone.
        await new Promise<void>((resolve) => signal.addEventListener('abort', () => resolve()))
        lost = true
      },
      { order, onError: { retries: 5, retryBackoffMs: 6000, retryBackoffMaxMs: 6000 } },
    )
    await group.assign(partitionsOf(0))
    await until(cluster, () => attempts > 0)
    await cluster.clock.advance(20_000)
    expect([attempts >= 3, group.suspensions, lost]).toEqual([true, 1, true])
    await consumer.close()
    await run
  })

  it('a handler that throws at once is treated as one that rejects', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(20)
    const seen: string[] = []
    let failures = 0
    const run = consumer.run(
      (message, { attempt }) => {
        if (message.offset % 5n === 3n && attempt < 3) {
          failures++
          throw new Error('at once')
        }
        seen.push(shown(message))
      },
      { order, onError: policy },
    )
    await group.assign(partitionsOf(0))
    await cluster.clock.advance(60_000)
    expect([seen.length, failures]).toEqual([20, 8])
    if (order === 'partition') expect(seen).toEqual(Array.from({ length: 20 }, (_, i) => `0:${i}`))
    await consumer.close()
    await run
    expect(group.offsetOf('t', 0)).toBe(20n)
  })

  it('the error decides: what isRetriable refuses is given up after one attempt', async () => {
    const { cluster, group, consumer } = groupConsumer()
    cluster.log('t', 0).fill(3)
    const asked: string[] = []
    let calls = 0
    const onError: ErrorPolicy = {
      ...policy,
      isRetriable: (error, message) => {
        asked.push(`${String(error)} ${shown(message)}`)
        return false
      },
      giveUp: 'skip',
    }
    const run = consumer.run(
      (message) => {
        calls++
        if (message.offset === 1n) throw new Error('broken order')
      },
      { order, onError },
    )
    await group.assign(partitionsOf(0))
    await until(cluster, () => calls === 3)
    expect(asked).toEqual(['Error: broken order 0:1'])
    await consumer.close()
    await run
    expect(group.offsetOf('t', 0)).toBe(3n)
  })
})

it('order key: messages of the key wait for the one that is retried, those of others do not', async () => {
  const bench = groupConsumer()
  const { cluster, group, consumer } = bench
  cluster.log('t', 0).fill(50)
  const { handler, done } = failing(bench, { '0:3': 1 })
  const run = consumer.run(handler, { order: 'key', concurrency: 4, onError: policy })
  await group.assign(partitionsOf(0))
  await until(cluster, () => done.length === 50 - 7)
  // FakeLog gives keys k0 … k6 in turn: those of k3 are 3, 10, 17 …
  expect(done.filter((what) => Number(what.slice(2)) % 7 === 3)).toEqual([])
  await cluster.clock.advance(2000)
  expect(done.filter((what) => Number(what.slice(2)) % 7 === 3)).toEqual(
    [3, 10, 17, 24, 31, 38, 45].map((offset) => `0:${offset}`),
  )
  await consumer.close()
  await run
  expect(group.offsetOf('t', 0)).toBe(50n)
})

it.each(['key', 'none'] as const)(
  'L17: with order %s a long retry stops its partition at the read-ahead, and no other one',
  async (order) => {
    const bench = groupConsumer({}, 2)
    const { cluster, group, consumer } = bench
    for (const partition of [0, 1]) cluster.log('t', partition).fill(5000, 100)
    const { handler, done } = failing(bench, { '0:0': Infinity })
    const onError = { ...policy, retries: Infinity }
    const run = consumer.run(handler, { order, concurrency: 4, onError })
    await group.assign(partitionsOf(0, 1))
    await until(cluster, () => done.filter((what) => what.startsWith('1:')).length === 5000)
    await cluster.clock.advance(10_000)
    const ahead = done.filter((what) => what.startsWith('0:')).length
    expect(ahead).toBeLessThanOrEqual(512)
    expect(ahead).toBeGreaterThan(100)
    expect(group.offsetOf('t', 0) ?? 0n).toBe(0n)
    await consumer.close()
    await run
  },
)

it('bytes that cannot be read are not tried again: the same bytes fail again', async () => {
  const { cluster, group, consumer } = groupConsumer({ topics: [topic('t', { value: int32() })] })
  cluster.log('t', 0).append([{ value: 'abcd' }, { value: 'not four bytes' }, { value: 'efgh' }])
  const seen: unknown[] = []
  const run = consumer.run((message) => void seen.push(message.value), {
    onError: { retries: 5, giveUp: 'skip' },
  })
  await group.assign(partitionsOf(0))
  await until(cluster, () => seen.length === 2)
  expect(cluster.clock.now()).toBeLessThan(100)
  await consumer.close()
  await run
})

it('a wrong policy is refused with all its problems, before anything is read', async () => {
  const { consumer } = groupConsumer()
  const wrong = { retries: -1, retryBackoffMs: -5, giveUp: 'ignore', after: 3 }
  const error: unknown = await consumer
    .run(() => {}, { onError: wrong as unknown as ErrorPolicy })
    .catch((reason: unknown) => reason)
  expect(error).toMatchObject({ code: 'INVALID_OPTION' })
  for (const part of ['retries', 'retryBackoffMs', 'giveUp', "unknown option 'after'"]) {
    expect((error as KafkaError).message).toContain(part)
  }
  await consumer.close()
})
