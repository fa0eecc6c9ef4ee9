// Guards members of the classic protocol against being thrown out while they work, interrupting what stays, and keeping or
// losing what is not theirs: consumers as users have them, against the rules of Kafka's coordinator.
import type { ConsumerOptions } from '../../src'
import type { TestCluster, TestClusterOptions } from '../../src/testing'
import { eventually } from '../support/eventually'
import { eventuallyShared } from '../support/watched-member'
import {
  closeAll,
  closers,
  committed,
  configs as kip848Configs,
  Member,
  produce,
  start,
} from './support/consumer-protocol-setup'

jest.setTimeout(20_000)

const configs = { 'group.initial.rebalance.delay.ms': 0, 'group.min.session.timeout.ms': 100 }
const session = { sessionTimeoutMs: 3000, heartbeatIntervalMs: 40 }
/** For tests in which a session ends; on a busy machine others must not. */
const shortSessionMs = 700

const begin = (options: TestClusterOptions = {}) => start({ network: 'memory', configs, ...options })
const memberOf = (cluster: TestCluster, options: ConsumerOptions = {}) =>
  new Member(cluster, { groupProtocol: 'classic', rebalanceTimeoutMs: 3000, ...session, ...options })
const ended = (member: Member) => member.events.filter((event) => !event.startsWith('assigned'))
const tell = (member: Member) => () => `${member.events.join('; ')} ${String(member.failure)}`
const memberIds = (cluster: TestCluster) =>
  cluster.group('billing')?.members.map(({ memberId }) => memberId) ?? []

afterEach(closeAll)

describe('heartbeats', () => {
  it('G1 K10 L16: a handler that works for three sessions keeps its partitions, and its message is committed', async () => {
    const cluster = await begin()
    await produce(cluster, 1)
    const member = memberOf(cluster, { sessionTimeoutMs: shortSessionMs })
    let isDone = false
    member.run(async () => {
      await new Promise((resolve) => setTimeout(resolve, 3 * shortSessionMs))
      isDone = true
    })
    await eventuallyShared([member], [4])
    const { generationId, memberId } = member.consumer.groupMetadata()
    await eventually(() => isDone, tell(member))
    expect(ended(member)).toEqual([])
    expect(member.consumer.groupMetadata()).toMatchObject({ generationId, memberId })
    await member.close()
    expect(committed(cluster)).toBe(1)
  })

  it('G1: a process that is gone is noticed by its session, and its partitions are given to the others', async () => {
    const cluster = await begin()
    const gone = memberOf(cluster, { sessionTimeoutMs: shortSessionMs }).run()
    await eventuallyShared([gone], [4])
    const { memberId } = gone.consumer.groupMetadata()
    cluster.on('Heartbeat', (request, exchange) => {
      if (request.memberId === memberId) exchange.drop()
    })
    cluster.on('JoinGroup', (request, exchange) => {
      if (request.memberId === memberId) exchange.drop()
    })
    const other = memberOf(cluster).run()
    await eventually(() => other.owned.size === 4, tell(other))
    await eventually(() => gone.owned.size === 0, tell(gone))
  })

  it('G2: a dynamic member past maxPollIntervalMs leaves at once, its commit fails, and it joins again', async () => {
    const cluster = await begin()
    await produce(cluster, 1)
    const member = memberOf(cluster, { maxPollIntervalMs: 300, autoCommit: false, sessionTimeoutMs: 5000 })
    let release = () => {}
    member.run(() => new Promise((resolve) => (release = resolve)))
    await eventually(() => member.events.some((event) => event.startsWith('lost')), tell(member))
    await eventually(
      () => memberIds(cluster).length === 0,
      () => 'leaving',
    )
    expect(cluster.requests.filter({ api: 'LeaveGroup' })).toHaveLength(1)
    const commit = member.consumer.commit([{ topic: 'orders', partition: 0, offset: 1n }])
    await expect(commit).rejects.toMatchObject({ code: 'COMMIT_FAILED' })
    release()
    await eventually(() => member.handled.length === 2, tell(member))
    release()
    expect(committed(cluster)).toBe(0)
  })

  it('G2: a static member past maxPollIntervalMs does not leave; its session ends', async () => {
    const cluster = await begin()
    await produce(cluster, 1)
    const member = memberOf(cluster, {
      maxPollIntervalMs: 300,
      groupInstanceId: 'till-1',
      sessionTimeoutMs: shortSessionMs,
    })
    let release = () => {}
    member.run(() => new Promise((resolve) => (release = resolve)))
    await eventually(() => member.events.some((event) => event.startsWith('lost')), tell(member))
    expect(memberIds(cluster)).toHaveLength(1)
    await eventually(
      () => memberIds(cluster).length === 0,
      () => 'the end of the session',
    )
    expect(cluster.requests.filter({ api: 'LeaveGroup' })).toEqual([])
    release()
    await eventually(() => member.handled.length === 2, tell(member))
    release()
  })
})

describe('rebalances', () => {
  it('G4 K1: with an eager assignor all is given up before each join', async () => {
    const cluster = await begin()
    const first = memberOf(cluster, { assignors: ['range'] }).run()
    await eventuallyShared([first], [4])
    const second = memberOf(cluster, { assignors: ['range'] }).run()
    await eventuallyShared([first, second], [2, 2])
    const half = [...first.owned].sort().join(' ')
    await second.close()
    await eventuallyShared([first], [4])
    const all = 'orders-0 orders-1 orders-2 orders-3'
    expect(first.events).toEqual([
      `assigned ${all}`,
      `revoked ${all}`,
      `assigned ${half}`,
      `revoked ${half}`,
      `assigned ${all}`,
    ])
  })

  it('G4 C6: with cooperative-sticky only what moves is revoked; what stays goes on at its position, and stays paused', async () => {
    const cluster = await begin()
    const first = memberOf(cluster).run()
    await eventuallyShared([first], [4])
    const kept = [...first.owned]
    first.consumer.pause(kept.map((key) => ({ topic: 'orders', partition: Number(key.split('-')[1]) })))
    const looked = () => cluster.requests.filter({ api: 'OffsetFetch' }).length
    const before = looked()
    const second = memberOf(cluster).run()
    const third = memberOf(cluster).run()
    await eventuallyShared([first, second, third], [2, 1, 1])
    const revoked = first.events
      .filter((event) => event.startsWith('revoked'))
      .flatMap((event) => event.split(' ').slice(1))
    expect(revoked).toHaveLength(new Set(revoked).size)
    expect([...revoked, ...first.owned].sort()).toEqual(kept.sort())
    expect(
      first.consumer
        .paused()
        .map(({ partition }) => `orders-${partition}`)
        .sort(),
    ).toEqual([...first.owned].sort())
    // One look-up for each of the newcomers at most: what was kept is not looked up again.
    expect(looked() - before).toBeLessThanOrEqual(4)
  })

  it('G6: goes from eager to cooperative by two rounds of restarts; the first stays eager, and nothing is lost or handled twice', async () => {
    const cluster = await begin()
    const rounds: readonly ConsumerOptions['assignors'][] = [
      ['range'],
      ['cooperative-sticky', 'range'],
      ['cooperative-sticky'],
    ]
    const handled: string[] = []
    let members: Member[] = []
    const join = (assignors: ConsumerOptions['assignors']) => {
      const member = memberOf(cluster, { assignors })
      members.push(member.run())
      return member
    }
    join(rounds[0])
    join(rounds[0])
    await eventuallyShared(members, [2, 2])
    const all = new Set<string>()
    for (const assignors of rounds.slice(1)) {
      for (const old of members.slice()) {
        for (const value of await produce(cluster, 8)) all.add(value)
        members = members.filter((member) => member !== old)
        await old.close()
        handled.push(...old.handled)
        join(assignors)
        await eventuallyShared(members, [2, 2])
      }
    }
    await eventually(
      () => committed(cluster) === 32,
      () => String(committed(cluster)),
    )
    await Promise.all(members.map((member) => member.close()))
    handled.push(...members.flatMap((member) => member.handled))
    expect(handled).toHaveLength(32)
    expect(new Set(handled)).toEqual(all)
    const protocols = new Set(
      cluster.requests
        .filter({ api: 'SyncGroup' })
        .map(({ request }) => request.protocolName)
        .filter((name) => name !== null),
    )
    expect(protocols).toEqual(new Set(['range', 'cooperative-sticky']))
  })

  it('G8: in the revoked callback commits work, in the lost one they fail; a callback that throws is told, and the group goes on', async () => {
    const cluster = await begin()
    const outcomes: string[] = []
    const first: Member = memberOf(cluster, {
      autoCommit: false,
      onPartitionsRevoked: async (partitions) => {
        await first.consumer.commit(partitions.map((one) => ({ ...one, offset: 7n })))
        outcomes.push('committed')
        throw new TypeError('broken')
      },
      onPartitionsLost: async (partitions) => {
        const commit = first.consumer.commit(partitions.map((one) => ({ ...one, offset: 9n })))
        outcomes.push(
          await commit.then(
            () => 'committed',
            (error: unknown) => (error as { code: string }).code,
          ),
        )
      },
    })
    first.run()
    await eventually(() => first.consumer.assignment().length === 4, tell(first))
    const second = memberOf(cluster, { autoCommit: false }).run()
    await eventually(() => second.owned.size === 2, tell(second))
    expect(outcomes).toEqual(['committed'])
    expect(committed(cluster)).toBe(14)
    await eventually(() => first.failure !== undefined, tell(first))
    expect(first.failure).toMatchObject({ code: 'REBALANCE_CALLBACK_FAILED' })
    cluster.faults.fail('Heartbeat', 'UNKNOWN_MEMBER_ID', { times: 4 })
    await eventually(() => outcomes.length === 2, tell(first))
    expect(outcomes[1]).toBe('COMMIT_FAILED')
    expect(committed(cluster)).toBe(14)
  })
})

describe('places in the group', () => {
  it('G7: a static member that is restarted within its session has its partitions, and the others no rebalance', async () => {
    const cluster = await begin()
    const other = memberOf(cluster, { sessionTimeoutMs: 5000 }).run()
    const first = memberOf(cluster, { groupInstanceId: 'till-1', sessionTimeoutMs: 5000 }).run()
    await eventuallyShared([first, other], [2, 2])
    const had = [...first.owned].sort()
    const { generationId } = other.consumer.groupMetadata()
    await first.close()
    expect(cluster.requests.filter({ api: 'LeaveGroup' })).toEqual([])
    const again = memberOf(cluster, { groupInstanceId: 'till-1', sessionTimeoutMs: 5000 }).run()
    await eventuallyShared([again, other], [2, 2])
    expect([...again.owned].sort()).toEqual(had)
    expect(other.consumer.groupMetadata().generationId).toBe(generationId)
  })

  it('G7: of two with one instance id the older is fenced, says so, and commits nothing more', async () => {
    const cluster = await begin()
    const older = memberOf(cluster, { groupInstanceId: 'till-1', sessionTimeoutMs: 5000 }).run()
    await eventuallyShared([older], [4])
    const newer = memberOf(cluster, { groupInstanceId: 'till-1', sessionTimeoutMs: 5000 }).run()
    await eventually(() => older.failure !== undefined, tell(older))
    expect(older.failure).toMatchObject({ code: 'FENCED_INSTANCE_ID' })
    await eventually(() => newer.owned.size === 4, tell(newer))
    await expect(
      older.consumer.commit([{ topic: 'orders', partition: 0, offset: 1n }]),
    ).rejects.toMatchObject({
      code: 'COMMIT_FAILED',
    })
    expect(memberIds(cluster)).toHaveLength(1)
  })

  it('G14 L20: keeps its partitions when the coordinator moves; heartbeats never share a connection with fetches', async () => {
    const cluster = await begin({
      brokers: 3,
      topics: [{ name: 'orders', partitions: 4, replicationFactor: 3 }],
    })
    const member = memberOf(cluster, { sessionTimeoutMs: 5000 }).run()
    await eventuallyShared([member], [4])
    await produce(cluster, 8)
    await eventually(() => member.handled.length === 8, tell(member))
    const on = (api: 'Fetch' | 'Heartbeat' | 'JoinGroup') =>
      new Set(cluster.requests.filter({ api }).map(({ brokerId, sessionId }) => `${brokerId}/${sessionId}`))
    await cluster.requests.waitFor('Heartbeat')
    for (const connection of on('Fetch')) {
      expect(on('Heartbeat')).not.toContain(connection)
      expect(on('JoinGroup')).not.toContain(connection)
    }
    const coordinator = cluster.requests.filter({ api: 'Heartbeat' }).at(-1)?.brokerId as number
    await cluster.stopBroker(coordinator)
    await produce(cluster, 8)
    await eventually(
      () => committed(cluster) === 16,
      () => String(committed(cluster)),
    )
    expect(member.events).toEqual(['assigned orders-0 orders-1 orders-2 orders-3'])
  })

  it('G15 KIP-800: a close commits, leaves with a reason, and the group goes on at once', async () => {
    const cluster = await begin()
    const first = memberOf(cluster, { sessionTimeoutMs: 10_000, autoCommitIntervalMs: 60_000 }).run()
    const second = memberOf(cluster, { sessionTimeoutMs: 10_000 }).run()
    await eventuallyShared([first, second], [2, 2])
    await produce(cluster, 8)
    await eventually(() => first.handled.length + second.handled.length === 8, tell(first))
    const had = [...first.owned].sort()
    await first.close()
    const offsets = cluster.group('billing')?.offsets ?? []
    for (const key of had) {
      expect(offsets.find(({ partition }) => `orders-${partition}` === key)?.offset).toBe(2n)
    }
    await eventually(() => second.owned.size === 4, tell(second))
    const leaves = cluster.requests.filter({ api: 'LeaveGroup' })
    expect(leaves).toHaveLength(1)
    expect(leaves[0]?.request.members[0]?.reason).toMatch(/\w+/)
    const joins = cluster.requests.filter({ api: 'JoinGroup' }).map(({ request }) => request.reason)
    expect(joins.every((reason) => reason !== null && reason !== '')).toBe(true)
  })

  it('K8: a close while the load of offsets fails, and a join hangs, ends within its time', async () => {
    const cluster = await begin()
    cluster.faults.fail('OffsetFetch', 'COORDINATOR_LOAD_IN_PROGRESS')
    const first = memberOf(cluster).run()
    await eventuallyShared([first], [4])
    let hanging = 0
    cluster.on('JoinGroup', (_, exchange) => {
      hanging++
      exchange.drop()
    })
    const second = memberOf(cluster).run()
    await eventually(() => hanging > 0, tell(second))
    const startedAt = performance.now()
    await Promise.all([first.consumer.close({ timeoutMs: 800 }), second.consumer.close({ timeoutMs: 800 })])
    expect(performance.now() - startedAt).toBeLessThan(2500)
  })
})

it.each(['classic', 'consumer'] as const)(
  'G10 L14: with revocationGraceMs 0 (%s) a handler ends as soon as another member wants its partition, which gets its message',
  async (groupProtocol) => {
    const cluster = await start({ network: 'memory', configs: { ...kip848Configs, ...configs } })
    await produce(cluster, 4)
    const ownOptions = groupProtocol === 'classic' ? session : {}
    const options = { groupProtocol, ...ownOptions, rebalanceTimeoutMs: 60_000, revocationGraceMs: 0 }
    const first = new Member(cluster, options)
    const told: string[] = []
    const handled: string[] = []
    const running = first.consumer.run(
      ({ value }, { signal }) =>
        new Promise((_, reject) => {
          handled.push(String(value))
          signal.addEventListener('abort', () => {
            told.push(String(value))
            reject(new Error('interrupted'))
          })
        }),
      { concurrency: 4 },
    )
    closers.push(() => running)
    await eventually(() => handled.length === 4, tell(first))
    const second = new Member(cluster, options).run()
    await eventually(() => second.handled.length === 2, tell(second))
    expect(told).toHaveLength(2)
    expect([...second.handled].sort()).toEqual(told.sort())
    await first.consumer.close({ timeoutMs: 200 })
    await running
  },
)

it('K2 C14: commits that are made at once arrive one after another, in their order, whatever the first one has to wait for', async () => {
  const cluster = await begin()
  const member = memberOf(cluster, { autoCommit: false }).run()
  await eventuallyShared([member], [4])
  let running = 0
  let most = 0
  const seen: bigint[] = []
  cluster.on('OffsetCommit', async (request, exchange) => {
    running++
    most = Math.max(most, running)
    seen.push(request.topics[0]?.partitions[0]?.committedOffset ?? -1n)
    if (seen.length === 1) await new Promise((resolve) => setTimeout(resolve, 100))
    const response = await exchange.proceed()
    running--
    return response
  })
  const offsets = [1n, 2n, 3n, 4n, 5n]
  await Promise.all(
    offsets.map((offset) => member.consumer.commit([{ topic: 'orders', partition: 0, offset }])),
  )
  expect(most).toBe(1)
  expect(seen).toEqual(offsets)
  expect(committed(cluster)).toBe(5)
})

it.each(['range', 'cooperative-sticky'] as const)(
  'G5 KIP-881: %s gives partitions to members in the rack of a replica, and again when brokers change theirs',
  async (assignor) => {
    const assignments = new Map([0, 1, 2, 3].map((partition) => [partition, [partition < 2 ? 2 : 1]]))
    const cluster = await begin({ brokers: 2, racks: ['a', 'b'], topics: [{ name: 'orders', assignments }] })
    const memberIn = (clientRack: string) => {
      const options = { groupProtocol: 'classic', ...session, assignors: [assignor], clientRack } as const
      return new Member(cluster, options, { metadataMaxAgeMs: 100 }).run()
    }
    const has = (member: Member, ...partitions: number[]) =>
      eventually(
        () => [...member.owned].sort().join() === partitions.map((one) => `orders-${one}`).join(),
        tell(member),
      )
    // Members are ordered by ids of chance: without racks one of the rounds would go wrong.
    for (const order of ['ab', 'ba', 'ab', 'ba']) {
      const members = new Map([...order].map((rack) => [rack, memberIn(rack)]))
      const [a, b] = [members.get('a'), members.get('b')] as [Member, Member]
      await Promise.all([has(a, 2, 3), has(b, 0, 1)])
      await Promise.all([a.close(), b.close()])
    }
    const [a, b] = [memberIn('a'), memberIn('b')]
    await Promise.all([has(a, 2, 3), has(b, 0, 1)])
    cluster.changeRacks({ 1: 'b', 2: 'a' })
    await Promise.all([has(a, 0, 1), has(b, 2, 3)])
  },
)
