// Guards against consumers that stall silently: whatever waits for too long is named, with its reason, until it moves.
import { onDiagnostics } from '../../../../src'
import { ErrorCode } from '../../../../src/base/error-codes'
import { KafkaError } from '../../../../src/base/errors'
import {
  assignedConsumer,
  type ConsumerBench,
  groupConsumer,
  partitionsOf,
  until,
} from '../support/consumer-bench'

const limitMs = 30_000

/** The stalls that were told of, as `+kind` when they began and `-kind` when they ended. */
function recordStalls(): { readonly told: string[]; end(): void } {
  const told: string[] = []
  const ends = [
    onDiagnostics('typed-kafka:consumer:stall-began', ({ kind }) => told.push(`+${kind}`)),
    onDiagnostics('typed-kafka:consumer:stall-ended', ({ kind }) => told.push(`-${kind}`)),
  ]
  return { told, end: () => ends.forEach((end) => end()) }
}

let stalls: ReturnType<typeof recordStalls>
beforeEach(() => (stalls = recordStalls()))
afterEach(() => stalls.end())

const kindsOf = ({ consumer }: ConsumerBench) => consumer.health().stalls.map(({ kind }) => kind)
const reasonOf = ({ consumer }: ConsumerBench) => consumer.health().stalls[0]?.reason

async function closing(bench: ConsumerBench, work: () => Promise<void>): Promise<void> {
  try {
    await work()
  } finally {
    const closed = bench.consumer.close({ timeoutMs: 1000 })
    await bench.cluster.clock.advance(2000)
    await closed
  }
}

describe('a fetch', () => {
  it('that a frozen broker does not answer is a stall of that broker, and ends when it answers', async () => {
    const bench = assignedConsumer({}, 2)
    const { cluster, consumer } = bench
    await closing(bench, async () => {
      const run = consumer.run(() => {})
      await cluster.clock.advance(5_000)
      cluster.frozen.add(1)
      await cluster.clock.advance(limitMs - 500)
      expect(consumer.health()).toMatchObject({ isHealthy: true, isAlive: true, isReady: true })
      await cluster.clock.advance(6_000)
      const { isHealthy, isAlive, isReady, stalls: found } = consumer.health()
      expect({ isHealthy, isAlive, isReady }).toEqual({ isHealthy: false, isAlive: true, isReady: false })
      expect(found).toHaveLength(1)
      expect(found[0]).toMatchObject({ kind: 'fetch', nodeId: 1, partitions: partitionsOf(0, 1) })
      expect(found[0]?.reason).toMatch(/^no answer from broker 1 to Fetch for 3\d s \(and 1 more\)/)
      expect(stalls.told).toEqual(['+fetch'])
      cluster.frozen.delete(1)
      cluster.log('t', 0).fill(1)
      cluster.notify()
      await cluster.clock.advance(2_000)
      expect(consumer.health()).toMatchObject({ isHealthy: true, stalls: [] })
      expect(stalls.told).toEqual(['+fetch', '-fetch'])
      await consumer.stop()
      await run
    })
  })

  it('that fails again and again is told with the last error', async () => {
    const bench = assignedConsumer()
    const { cluster, consumer } = bench
    await closing(bench, async () => {
      const run = consumer.run(() => {})
      await cluster.clock.advance(1_000)
      cluster.down.add(1)
      await cluster.clock.advance(limitMs + 6_000)
      expect(reasonOf(bench)).toMatch(/no answer from broker 1 to Fetch .* last error: broker 1 is down/)
      cluster.down.delete(1)
      await cluster.clock.advance(3_000)
      expect(stalls.told).toEqual(['+fetch', '-fetch'])
      await consumer.stop()
      await run
    })
  })

  it('for a partition without a leader says so', async () => {
    const bench = assignedConsumer({}, 2)
    const { cluster, consumer } = bench
    await closing(bench, async () => {
      const run = consumer.run(() => {})
      await cluster.clock.advance(1_000)
      cluster.metadata.setLeader('t', 1, -1, 6)
      await cluster.clock.advance(limitMs + 6_000)
      expect(consumer.health().stalls).toMatchObject([
        { kind: 'fetch', nodeId: undefined, partitions: partitionsOf(1) },
      ])
      expect(reasonOf(bench)).toMatch(/^partition t-1 has had no leader for 3\d s/)
      expect(consumer.health().partitions[1]?.waitsFor).toBe('leader')
      cluster.metadata.setLeader('t', 1, 2, 7)
      await cluster.clock.advance(3_000)
      expect(stalls.told).toEqual(['+fetch', '-fetch'])
      await consumer.stop()
      await run
    })
  })

  it('that is refused for a partition again and again says by which error', async () => {
    const bench = assignedConsumer()
    const { cluster, consumer } = bench
    await closing(bench, async () => {
      cluster.partitionErrors.set('t-0', Array<number>(500).fill(ErrorCode.UNKNOWN_TOPIC_OR_PARTITION))
      const run = consumer.run(() => {})
      await cluster.clock.advance(limitMs + 6_000)
      expect(reasonOf(bench)).toMatch(
        /^broker 1 has refused fetches of t-0 for .*; last error: UNKNOWN_TOPIC_OR_PARTITION/,
      )
      cluster.partitionErrors.clear()
      cluster.log('t', 0).fill(1)
      await cluster.clock.advance(3_000)
      expect(stalls.told).toEqual(['+fetch', '-fetch'])
      await consumer.stop()
      await run
    })
  })
})

describe('a handler', () => {
  it('that does not come back is named with its partition and offset; only a restart helps', async () => {
    const bench = groupConsumer({}, 2)
    const { cluster, group, consumer } = bench
    await closing(bench, async () => {
      cluster.log('t', 1).fill(5)
      let release = () => {}
      const run = consumer.run((message) =>
        message.offset === 2n ? new Promise<void>((resolve) => (release = resolve)) : undefined,
      )
      await group.assign(partitionsOf(0, 1))
      await cluster.clock.advance(limitMs - 1)
      expect(kindsOf(bench)).toEqual([])
      await cluster.clock.advance(31_000)
      expect(consumer.health().stalls).toMatchObject([{ kind: 'handler', partitions: partitionsOf(1) }])
      expect(reasonOf(bench)).toBe('the handler of t-1 has run for 61 s at offset 2')
      expect(consumer.health()).toMatchObject({
        isHealthy: false,
        isAlive: false,
        isReady: false,
        state: 'stable',
      })
      expect(consumer.health().partitions[1]?.waitsFor).toBe('handler')
      release()
      await cluster.clock.advance(1_000)
      expect(consumer.health()).toMatchObject({ isHealthy: true, isAlive: true, isReady: true })
      expect(stalls.told).toEqual(['+handler', '-handler'])
      await consumer.stop()
      await run
    })
  })

  it('is the body of a loop, too', async () => {
    const bench = groupConsumer()
    const { cluster, group, consumer } = bench
    await closing(bench, async () => {
      cluster.log('t', 0).fill(5)
      const iterator = consumer[Symbol.asyncIterator]()
      const first = iterator.next()
      await group.assign(partitionsOf(0))
      await first
      await cluster.clock.advance(limitMs + 6_000)
      expect(reasonOf(bench)).toMatch(/^the handler of t-0 has run for 3\d s at offset 0/)
      await iterator.next()
      expect(kindsOf(bench)).toEqual([])
      await iterator.return?.()
    })
  })

  it('of many side by side makes one stall with all their partitions', async () => {
    const bench = groupConsumer({}, 3)
    const { cluster, group, consumer } = bench
    for (const partition of [0, 1, 2]) cluster.log('t', partition).fill(2)
    const releases: (() => void)[] = []
    const run = consumer.run(() => new Promise<void>((resolve) => releases.push(resolve)), {
      concurrency: 3,
      order: 'none',
    })
    await group.assign(partitionsOf(0, 1, 2))
    await cluster.clock.advance(limitMs + 6_000)
    expect(stalls.told).toEqual(['+handler'])
    expect(reasonOf(bench)).toMatch(/\(and 2 more\)$/)
    const closed = consumer.close({ timeoutMs: 1000 })
    for (const release of releases) release()
    await cluster.clock.advance(2_000)
    await closed
    await run
    expect(stalls.told).toEqual(['+handler', '-handler'])
  })
})

describe('what the user or the group holds up', () => {
  it('a listener that does not come back', async () => {
    let release = () => {}
    const bench = groupConsumer({
      onPartitionsAssigned: () => new Promise<void>((resolve) => (release = resolve)),
    })
    const { cluster, group, consumer } = bench
    await closing(bench, async () => {
      const run = consumer.run(() => {})
      const assigned = group.assign(partitionsOf(0))
      await cluster.clock.advance(limitMs + 6_000)
      expect(kindsOf(bench)).toEqual(['listener', 'join'])
      expect(reasonOf(bench)).toMatch(/^onPartitionsAssigned has run for 3\d s/)
      expect(consumer.health()).toMatchObject({ isAlive: false, state: 'joining' })
      release()
      await assigned
      expect(kindsOf(bench)).toEqual([])
      expect(consumer.health().state).toBe('stable')
      await consumer.stop()
      await run
    })
  })

  it('a group that does not let the member in', async () => {
    const bench = groupConsumer()
    const { cluster, group, consumer } = bench
    await closing(bench, async () => {
      const run = consumer.run(() => {})
      await cluster.clock.advance(limitMs + 6_000)
      expect(reasonOf(bench)).toMatch(/^the member has not got into its group for 3\d s/)
      expect(consumer.health()).toMatchObject({ state: 'joining', isReady: false, isAlive: true })
      await group.assign(partitionsOf(0))
      await cluster.clock.advance(1_000)
      expect(stalls.told).toEqual(['+join', '-join'])
      await consumer.stop()
      await run
    })
  })

  it('a look-up of committed positions that fails', async () => {
    const bench = groupConsumer()
    const { cluster, group, consumer } = bench
    await closing(bench, async () => {
      const error = () => new KafkaError('COORDINATOR_LOAD_IN_PROGRESS', 'still loading', { retriable: true })
      group.lookupErrors.push(...Array.from({ length: 100 }, error))
      const run = consumer.run(() => {})
      await group.assign(partitionsOf(0))
      await cluster.clock.advance(limitMs + 6_000)
      expect(consumer.health().stalls).toMatchObject([{ kind: 'offsets', partitions: partitionsOf(0) }])
      expect(reasonOf(bench)).toMatch(
        /^the position of t-0 has been looked up for .*; last error: still loading/,
      )
      expect(consumer.health().partitions[0]).toMatchObject({ position: undefined, waitsFor: 'position' })
      group.lookupErrors.length = 0
      await cluster.clock.advance(3_000)
      expect(stalls.told).toEqual(['+offsets', '-offsets'])
      await consumer.stop()
      await run
    })
  })

  it('automatic commits that are refused', async () => {
    const bench = groupConsumer()
    const { cluster, group, consumer } = bench
    await closing(bench, async () => {
      cluster.log('t', 0).fill(5)
      const error = () => new KafkaError('NOT_COORDINATOR', 'another one coordinates', { retriable: true })
      group.commitErrors.push(...Array.from({ length: 100 }, error))
      const run = consumer.run(() => {})
      await group.assign(partitionsOf(0))
      await cluster.clock.advance(limitMs + 12_000)
      expect(reasonOf(bench)).toMatch(
        /^no position has been stored in the group for .*; last error: another one coordinates/,
      )
      group.commitErrors.length = 0
      await cluster.clock.advance(6_000)
      expect(stalls.told).toEqual(['+commit', '-commit'])
      await consumer.stop()
      await run
    })
  })

  it('a commit of the user that failed was told to the user, and is no stall afterwards', async () => {
    const bench = groupConsumer({ autoCommit: false })
    const { cluster, group, consumer } = bench
    await closing(bench, async () => {
      cluster.log('t', 0).fill(5)
      const run = consumer.run(() => {})
      await group.assign(partitionsOf(0))
      await cluster.clock.advance(100)
      group.commitErrors.push(
        new KafkaError('NOT_COORDINATOR', 'another one coordinates', { retriable: true }),
      )
      await expect(consumer.commit()).rejects.toThrow('another one')
      await cluster.clock.advance(limitMs * 2)
      expect(kindsOf(bench)).toEqual([])
      await consumer.stop()
      await run
    })
  })
})

describe('no alarm', () => {
  const minutes = 10 * 60_000

  it.each([
    ['an idle topic', {}],
    ['a broker that holds polls back for longer than a stall', { fetchMaxWaitMs: 45_000 }],
  ])('for %s', async (_what, options) => {
    const bench = groupConsumer(options, 3)
    const { cluster, group, consumer } = bench
    await closing(bench, async () => {
      const run = consumer.run(() => {})
      await group.assign(partitionsOf(0, 1, 2))
      await cluster.clock.advance(minutes)
      expect(stalls.told).toEqual([])
      expect(consumer.health()).toMatchObject({ isHealthy: true, isReady: true })
      await consumer.stop()
      await run
    })
  })

  it('for paused partitions, also right after they are resumed', async () => {
    const bench = groupConsumer({}, 2)
    const { cluster, group, consumer } = bench
    await closing(bench, async () => {
      const run = consumer.run(() => {})
      await group.assign(partitionsOf(0, 1))
      await cluster.clock.advance(100)
      consumer.pause(partitionsOf(0, 1))
      cluster.log('t', 0).fill(10)
      await cluster.clock.advance(minutes)
      consumer.resume(partitionsOf(0, 1))
      expect(kindsOf(bench)).toEqual([])
      await cluster.clock.advance(limitMs * 2)
      expect(stalls.told).toEqual([])
      await consumer.stop()
      await run
    })
  })

  it('for a handler that is slow, and holds fetches back, but comes back in time', async () => {
    const bench = groupConsumer({ fetchMemoryBytes: 1_048_576, maxPartitionFetchBytes: 4096 })
    const { cluster, group, consumer } = bench
    cluster.log('t', 0).fill(2_000, 50)
    let handled = 0
    const run = consumer.run(async () => {
      if (handled++ % 100 === 0)
        await new Promise<void>((resolve) => void cluster.clock.setTimer(20_000, resolve))
    })
    await group.assign(partitionsOf(0))
    await cluster.clock.advance(minutes)
    expect(handled).toBe(2_000)
    expect(stalls.told).toEqual([])
    const closed = consumer.close()
    await cluster.clock.advance(21_000)
    await closed
    await run
  })

  it('for a consumer that nobody reads', async () => {
    const bench = groupConsumer()
    const { cluster, group, consumer } = bench
    await closing(bench, async () => {
      cluster.log('t', 0).fill(100)
      void consumer.connect()
      await group.assign(partitionsOf(0))
      await cluster.clock.advance(4 * 60_000)
      expect(stalls.told).toEqual([])
      expect(consumer.health()).toMatchObject({ isHealthy: true, isReady: true })
      expect(consumer.health().partitions[0]?.waitsFor).toBe('reader')
      await cluster.clock.advance(2 * 60_000)
      // It has left its group, after maxPollIntervalMs: not ready, but nothing is wrong either.
      expect(consumer.health()).toMatchObject({
        state: 'suspended',
        isHealthy: true,
        isReady: false,
        isAlive: true,
      })
      expect(stalls.told).toEqual([])
    })
  })
})

describe('a watch that costs nothing', () => {
  it('L23: no timer before the first use, none when all partitions are paused, none after the close', async () => {
    const bench = assignedConsumer()
    const { cluster, consumer } = bench
    expect(cluster.clock.pendingTimers).toBe(0)
    const run = consumer.run(() => {})
    await cluster.clock.advance(1_000)
    expect(cluster.clock.pendingTimers).toBeGreaterThan(0)
    consumer.pause(partitionsOf(0))
    await cluster.clock.advance(consumer.options.maxPollIntervalMs)
    expect(cluster.clock.pendingTimers).toBe(0)
    consumer.resume(partitionsOf(0))
    await until(cluster, () => cluster.clock.pendingTimers > 0)
    await consumer.close()
    await run
    expect(cluster.clock.pendingTimers).toBe(0)
    expect(consumer.health()).toMatchObject({ state: 'closed', isHealthy: true, partitions: [] })
  })

  it('a process that did not run for a while blames nobody for it', async () => {
    const bench = assignedConsumer({ stallTimeoutMs: 6_000 })
    const { cluster, consumer } = bench
    await closing(bench, async () => {
      const run = consumer.run(() => {})
      await cluster.clock.advance(2_000)
      // Everything that became due meanwhile comes at once, timers before answers, as after a blocked event loop.
      cluster.clock.skip(60_000)
      expect(consumer.health().stalls).toEqual([])
      await cluster.clock.advance(10_000)
      expect(stalls.told).toEqual([])
      await consumer.stop()
      await run
    })
  })
})
