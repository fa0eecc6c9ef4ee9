// Guards against handlers that go on untold for partitions of others: a revocation waits for running handlers, but not once
// the member is, or must be, out of its group.
import type { HandlerContext } from '../../src'
import { eventually } from '../support/eventually'
import { eventuallyShared } from '../support/watched-member'
import { closeAll, configs, Member, produce, start } from './support/consumer-protocol-setup'

const allConfigs = { ...configs, 'group.initial.rebalance.delay.ms': 0, 'group.min.session.timeout.ms': 100 }
const optionsOf = {
  classic: { groupProtocol: 'classic', sessionTimeoutMs: 2_000, heartbeatIntervalMs: 40 },
  consumer: { groupProtocol: 'consumer' },
} as const

afterEach(closeAll)

describe.each(['classic', 'consumer'] as const)('a revocation of the %s protocol', (protocol) => {
  const heartbeat = protocol === 'classic' ? 'Heartbeat' : 'ConsumerGroupHeartbeat'

  /** A member whose handlers never come back by themselves, and another one that joins and is waiting for its share. */
  const withRevocation = async (maxPollIntervalMs: number) => {
    const cluster = await start({ configs: allConfigs, network: 'memory' })
    await produce(cluster, 4)
    const options = { ...optionsOf[protocol], maxPollIntervalMs, rebalanceTimeoutMs: 60_000 }
    const member = new Member(cluster, options)
    const contexts: HandlerContext[] = []
    const releases: (() => void)[] = []
    let isReleased = false
    const running = member.consumer.run(
      (_, context) => {
        if (isReleased) return Promise.resolve()
        contexts.push(context)
        return new Promise<void>((resolve) => releases.push(resolve))
      },
      { concurrency: 4 },
    )
    running.catch(() => {})
    await eventually(
      () => contexts.length === 4,
      () => `${contexts.length} handlers`,
    )
    const other = new Member(cluster, options).run()
    await eventually(
      () => (cluster.group('billing')?.members.length ?? 0) === 2,
      () => 'joining',
    )
    // Heartbeats that tell of the rebalance.
    const beats = () => cluster.requests.filter({ api: heartbeat }).length
    const before = beats()
    await eventually(
      () => beats() > before + 4,
      () => 'heartbeats',
    )
    const release = () => {
      isReleased = true
      releases.forEach((each) => each())
    }
    return { cluster, member, other, contexts, release }
  }

  it('L16: does not wait for a handler past maxPollIntervalMs, which is told, and whose partitions go at once', async () => {
    const { member, other, contexts, release } = await withRevocation(900)
    try {
      await eventually(
        () => contexts.every(({ signal }) => signal.aborted),
        () => member.events.join('; '),
      )
      await eventuallyShared([member, other], [0, 4])
    } finally {
      release()
    }
    await eventuallyShared([member, other], [2, 2])
    expect([member.failure, other.failure]).toEqual([undefined, undefined])
  })

  it('L14: does not wait for handlers of a member that was thrown out meanwhile; they are told at once', async () => {
    const { cluster, member, other, contexts, release } = await withRevocation(30_000)
    try {
      cluster.faults.fail(heartbeat, 'UNKNOWN_MEMBER_ID', { times: 6 })
      await eventually(
        () => contexts.every(({ signal }) => signal.aborted),
        () => member.events.join('; '),
      )
    } finally {
      cluster.clearFaults()
      release()
    }
    await eventuallyShared([member, other], [2, 2])
  })
})

it('G8: a commit that nobody answers holds up a revocation for a bounded time, and does not end the run', async () => {
  const cluster = await start({ configs: allConfigs, network: 'memory' })
  await produce(cluster, 4)
  const options = { ...optionsOf.classic, rebalanceTimeoutMs: 1_000, autoCommitIntervalMs: 60_000 }
  const member = new Member(cluster, options, { requestTimeoutMs: 20_000 }).run()
  await eventually(
    () => member.handled.length === 4,
    () => `${member.handled.length} of 4`,
  )
  cluster.on('OffsetCommit', (_, exchange) => exchange.drop())
  const other = new Member(cluster, options).run()
  await eventuallyShared([member, other], [2, 2])
  cluster.clearFaults()
  await produce(cluster, 4)
  await eventually(
    () => member.handled.length + other.handled.length >= 8,
    () => `${member.handled.length} and ${other.handled.length}, ${String(member.failure)}`,
  )
  expect([member.failure, other.failure]).toEqual([undefined, undefined])
})
