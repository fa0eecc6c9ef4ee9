// Guards members of the KIP-848 protocol against owning what others own, staying out of their group, and moving the
// group's offsets back: consumers as users have them, against the rules of a coordinator of Kafka 4.3.
import { isKafkaError } from '../../src'
import { silentLogger } from '../../src/base/logger'
import type { TestCluster } from '../../src/testing'
import { eventually } from '../support/eventually'
import { eventuallyShared } from '../support/watched-member'
import {
  closeAll,
  closers,
  committed,
  configs,
  Member,
  produce,
  start,
} from './support/consumer-protocol-setup'

const heartbeats = (cluster: TestCluster) => cluster.requests.filter({ api: 'ConsumerGroupHeartbeat' })

afterEach(closeAll)

describe('a group of the KIP-848 protocol', () => {
  it('G15: reads and commits with one member, and starts where it was', async () => {
    const cluster = await start()
    const values = await produce(cluster, 20)
    const first = new Member(cluster).run()
    await eventually(
      () => first.handled.length === 20,
      () => String(first.failure),
    )
    expect([...first.handled].sort()).toEqual([...values].sort())
    expect(cluster.group('billing')).toMatchObject({ kind: 'consumer', state: 'Stable' })
    expect(first.consumer.groupMetadata().generationId).toBeGreaterThan(0)
    await first.close()
    expect(committed(cluster)).toBe(20)
    expect(cluster.group('billing')).toMatchObject({ state: 'Empty', members: [] })
    await produce(cluster, 4)
    const second = new Member(cluster).run()
    await eventually(
      () => second.handled.length === 4,
      () => String(second.failure),
    )
    expect(cluster.requests.filter({ api: 'JoinGroup' })).toEqual([])
    expect(cluster.failures).toEqual([])
  })

  it('G4, G15: shares partitions with a second member, which interrupts only what moves, and gets all back', async () => {
    const cluster = await start()
    const first = new Member(cluster).run()
    await eventuallyShared([first], [4])
    const second = new Member(cluster, { groupRemoteAssignor: 'uniform' }).run()
    await eventuallyShared([first, second], [2, 2])
    expect(first.events.filter((event) => event.startsWith('revoked'))).toEqual([
      expect.stringMatching(/^revoked orders-\d orders-\d$/),
    ])
    await second.close()
    await eventuallyShared([first], [4])
    expect([...first.events, ...second.events].filter((event) => event.startsWith('lost'))).toEqual([])
  })

  it('K5, L15: commits what is finished before it gives partitions up: nothing is handled twice', async () => {
    const cluster = await start()
    const first = new Member(cluster, { autoCommitIntervalMs: 60_000 })
    first.run(() => new Promise((resolve) => setTimeout(resolve, 1)))
    await eventuallyShared([first], [4])
    const values = await produce(cluster, 200)
    await eventually(
      () => first.handled.length > 20,
      () => String(first.failure),
    )
    const second = new Member(cluster).run()
    await eventually(
      () => first.handled.length + second.handled.length >= 200,
      () => String(second.failure),
    )
    await Promise.all([first.close(), second.close()])
    expect([...first.handled, ...second.handled].sort()).toEqual([...values].sort())
    expect(committed(cluster)).toBe(200)
  })

  it('G13: gets new partitions, and topics that come into being', async () => {
    const cluster = await start()
    const member = new Member(cluster, { topics: ['orders', 'later'] }, { metadataMaxAgeMs: 300 }).run()
    await eventuallyShared([member], [4])
    const admin = member.kafka.admin()
    closers.push(() => admin.close())
    await admin.createPartitions([{ topic: 'orders', totalCount: 6 }])
    await eventuallyShared([member], [6])
    cluster.createTopic('later', { partitions: 2 })
    await eventuallyShared([member], [8])
    cluster.deleteTopic('later')
    await eventuallyShared([member], [6])
  })

  it('L19: takes a topic that was deleted and created anew for another one', async () => {
    const cluster = await start()
    const member = new Member(cluster, {}, { metadataMaxAgeMs: 300 }).run()
    await eventuallyShared([member], [4])
    cluster.deleteTopic('orders')
    cluster.createTopic('orders', { partitions: 4 })
    await eventually(
      () => member.events.length >= 3,
      () => member.events.join('; '),
    )
    expect(member.events.some((event) => event.startsWith('revoked'))).toBe(true)
    await eventuallyShared([member], [4])
    const values = await produce(cluster, 8)
    await eventually(
      () => member.handled.length === 8,
      () => String(member.failure),
    )
    expect([...member.handled].sort()).toEqual([...values].sort())
  })

  it('G11, L14: gives the partitions of a member that went silent to the others; that one finds out and joins again', async () => {
    const cluster = await start()
    const silent = new Member(cluster).run()
    await eventuallyShared([silent], [4])
    const { memberId } = silent.consumer.groupMetadata()
    const stop = cluster.on('ConsumerGroupHeartbeat', (request, exchange) => {
      if (request.memberId === memberId) exchange.drop()
    })
    const other = new Member(cluster).run()
    await eventually(
      () => other.owned.size === 4,
      () => other.events.join('; '),
    )
    stop()
    await eventuallyShared([silent, other], [2, 2])
    expect(silent.events).toContain('lost orders-0 orders-1 orders-2 orders-3')
    expect(silent.consumer.groupMetadata().memberId).toBe(memberId)
  })

  it('G14, L20: goes on with its partitions when the coordinator moves', async () => {
    const cluster = await start({
      brokers: 3,
      topics: [{ name: 'orders', partitions: 4, replicationFactor: 3 }],
    })
    const member = new Member(cluster).run()
    await eventuallyShared([member], [4])
    const coordinator = heartbeats(cluster).at(-1)?.brokerId as number
    await cluster.stopBroker(coordinator)
    const values = await produce(cluster, 8)
    await eventually(
      () => member.handled.length >= 8,
      () => String(member.failure),
    )
    await eventually(
      () => committed(cluster) === 8,
      () => String(committed(cluster)),
    )
    expect(new Set(member.handled)).toEqual(new Set(values))
    expect(member.events).toEqual(['assigned orders-0 orders-1 orders-2 orders-3'])
  })

  it('G7: keeps the partitions of a static member that is restarted, and refuses a second one of the same id', async () => {
    const cluster = await start({ configs: { ...configs, 'group.consumer.session.timeout.ms': 10_000 } })
    const other = new Member(cluster).run()
    const first = new Member(cluster, { groupInstanceId: 'till-1' }).run()
    await eventuallyShared([first, other], [2, 2])
    const had = [...first.owned].sort()
    const epoch = other.consumer.groupMetadata().generationId
    const twin = new Member(cluster, { groupInstanceId: 'till-1' }).run()
    await eventually(
      () => twin.failure !== undefined,
      () => twin.events.join('; '),
    )
    expect(twin.failure).toMatchObject({ code: 'UNRELEASED_INSTANCE_ID' })
    await first.close()
    const again = new Member(cluster, { groupInstanceId: 'till-1' }).run()
    await eventuallyShared([again, other], [2, 2])
    expect([...again.owned].sort()).toEqual(had)
    expect(other.consumer.groupMetadata().generationId).toBe(epoch)
  })

  it('G2, L16: leaves for as long as a handler takes too long, and joins again', async () => {
    const cluster = await start()
    await produce(cluster, 1)
    let release: () => void = () => {}
    const member = new Member(cluster, { maxPollIntervalMs: 300 })
    member.run(() => new Promise((resolve) => (release = resolve)))
    await eventually(
      () => member.events.some((event) => event.startsWith('lost')),
      () => member.events.join(),
    )
    await eventually(
      () => cluster.group('billing')?.members.length === 0,
      () => 'leaving',
    )
    release()
    await eventually(
      () => member.owned.size === 4,
      () => member.events.join('; '),
    )
    await eventually(
      () => member.handled.length === 2,
      () => member.handled.join(),
    )
    release()
  })

  it('G9: retries a commit that names an epoch that has passed', async () => {
    const cluster = await start()
    const member = new Member(cluster).run()
    await eventuallyShared([member], [4])
    let refused = 0
    cluster.on(
      'OffsetCommit',
      (request) => {
        refused++
        return {
          topics: request.topics.map(({ name, partitions }) => ({
            name,
            partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, errorCode: 113 })),
          })),
        }
      },
      { times: 2 },
    )
    await produce(cluster, 4)
    await eventually(
      () => committed(cluster) === 4,
      () => String(refused),
    )
    expect(refused).toBe(2)
    expect(member.failure).toBeUndefined()
  })

  it.each([
    ['brokers of Kafka 3.7', { version: '3.7' }],
    [
      'brokers that were told not to serve it',
      { configs: { 'group.coordinator.rebalance.protocols': 'classic' } },
    ],
  ])('K6: uses the classic protocol with %s, and says so once', async (_what, options) => {
    const cluster = await start({ ...options })
    const warnings: string[] = []
    const logger = { ...silentLogger, warn: (text: string) => void warnings.push(text) }
    const member = new Member(cluster, {}, { logger }).run()
    const values = await produce(cluster, 8)
    await eventually(
      () => member.handled.length === 8,
      () => String(member.failure),
    )
    expect([...member.handled].sort()).toEqual([...values].sort())
    expect(cluster.group('billing')?.kind).toBe('classic')
    expect(warnings.filter((text) => text.includes("groupProtocol 'consumer'"))).toHaveLength(1)
    await member.close()
    expect(committed(cluster)).toBe(8)
  })

  it('K7: tells the user when the broker has no such assignor', async () => {
    const cluster = await start({ configs: { ...configs, 'group.consumer.assignors': 'uniform' } })
    const member = new Member(cluster, { groupRemoteAssignor: 'range' }).run()
    await eventually(
      () => member.failure !== undefined,
      () => member.events.join(),
    )
    expect(isKafkaError(member.failure) && member.failure.code).toBe('UNSUPPORTED_ASSIGNOR')
  })

  it('G8, K5: revokes in order: commit, callback, then the group is told; and commits work in the callback', async () => {
    const cluster = await start()
    let revocation: readonly string[] | undefined
    const notes: string[] = []
    const first: Member = new Member(cluster, {
      autoCommitIntervalMs: 60_000,
      onPartitionsRevoked: async (partitions) => {
        if (revocation !== undefined) return
        revocation = partitions.map(({ partition }) => String(partition)).sort()
        notes.push(...order())
        await first.consumer.commit(
          partitions.map(({ topic, partition }) => ({ topic, partition, offset: 1n })),
        )
      },
    })
    const order = () =>
      cluster.requests
        .filter()
        .filter(({ api, request }) => {
          if (api !== 'ConsumerGroupHeartbeat') return api === 'OffsetCommit'
          return (request as { topicPartitions: unknown }).topicPartitions !== null
        })
        .map(({ api }) => api)
    first.run()
    await eventually(
      () => first.consumer.assignment().length === 4,
      () => first.events.join(),
    )
    await produce(cluster, 8)
    await eventually(
      () => first.handled.length === 8,
      () => String(first.failure),
    )
    const before = order().length
    new Member(cluster).run()
    await eventually(
      () => first.consumer.assignment().length === 2,
      () => first.events.join(),
    )
    await eventually(
      () => order().slice(before).length >= 4,
      () => order().slice(before).join(),
    )
    // The newcomer's join is the first heartbeat with partitions (none of them).
    expect(notes.slice(before)).toEqual(['ConsumerGroupHeartbeat', 'OffsetCommit'])
    expect(order().slice(before, before + 4)).toEqual([
      'ConsumerGroupHeartbeat',
      'OffsetCommit',
      'OffsetCommit',
      'ConsumerGroupHeartbeat',
    ])
    expect(revocation).toHaveLength(2)
  })

  it('L14, G10: tells handlers by their signal when no heartbeat was taken for a whole session', async () => {
    const cluster = await start()
    await produce(cluster, 1)
    const member = new Member(cluster)
    let signal: AbortSignal | undefined
    const running = member.consumer.run(async (_message, context) => {
      if (signal !== undefined) return
      signal = context.signal
      await new Promise((resolve) => context.signal.addEventListener('abort', resolve, { once: true }))
    })
    await eventually(
      () => signal !== undefined,
      () => member.events.join(),
    )
    const stop = cluster.on('ConsumerGroupHeartbeat', (_request, exchange) => exchange.drop())
    await eventually(
      () => signal?.aborted === true,
      () => member.events.join(),
    )
    await eventually(
      () => member.events.some((event) => event.startsWith('lost')),
      () => member.events.join(),
    )
    stop()
    await eventuallyShared([member], [4])
    await member.close()
    await running
  })
})
