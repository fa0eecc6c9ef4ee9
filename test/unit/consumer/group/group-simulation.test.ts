// Guards against races that no single scripted answer shows: whole groups live through random joins, leaves, slow
// answers and expelled members, and at no time may two members own one partition, nor a commit of a former owner land.
import { Deadline } from '../../../../src/base/deadline'
import { formatTopicPartition, type TopicPartition } from '../../../../src/base/topic-partition'
import { rangeAssignor } from '../../../../src/consumer/assignors/range-assignor'
import { cooperativeStickyAssignor } from '../../../../src/consumer/assignors/sticky/cooperative-sticky-assignor'
import { ClassicMembership } from '../../../../src/consumer/group/classic-membership'
import type { GroupListener } from '../../../../src/consumer/group/group-membership'
import { FakeCoordinator } from './fake-coordinator'
import { FakeGroupCluster } from './fake-group-cluster'

const partitionCount = 7
/** More by `SIMULATION_RUNS=1000`; a run is repeated by its seed. */
const runs = Number(process.env['SIMULATION_RUNS'] ?? 25)

function randomFrom(seed: number): () => number {
  let state = seed * 2_654_435_761 + 1
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

class World {
  readonly cluster = new FakeGroupCluster()
  readonly coordinator = new FakeCoordinator(this.cluster.clock, 5_000, 3_000)
  /** Who owns what, as the members believe. */
  readonly owner = new Map<string, SimulatedMember>()
  readonly problems: string[] = []

  constructor(
    readonly random: () => number,
    readonly cooperative: boolean,
  ) {
    this.cluster.metadata.topics.set('orders', partitionCount)
    const { coordinator } = this
    this.#serve('JoinGroup', (body: never) => coordinator.joinGroup(body))
    this.#serve('SyncGroup', (body: never) => coordinator.syncGroup(body))
    this.#serve('Heartbeat', (body: never) => coordinator.heartbeat(body))
    this.#serve('LeaveGroup', (body: never) => coordinator.leaveGroup(body))
    this.#serve('OffsetCommit', (body: never) => coordinator.offsetCommit(body))
  }

  /** Requests and answers take their time, each its own. */
  #serve(api: string, handle: (body: never) => unknown): void {
    this.cluster.always(api, async (body) => {
      await this.pause(this.random() * 40)
      const answer = await handle(body)
      await this.pause(this.random() * 40)
      return answer
    })
  }

  async calmDown(ms: number): Promise<void> {
    for (let passed = 0; passed < ms; passed += 500) {
      await this.cluster.clock.advance(500)
      this.coordinator.expireSessions()
    }
  }

  pause(ms: number): Promise<void> {
    return new Promise((resolve) => void this.cluster.clock.setTimer(ms, resolve))
  }
}

class SimulatedMember implements GroupListener {
  readonly membership: ClassicMembership
  readonly owned = new Set<string>()
  #inCallback = false

  constructor(readonly world: World) {
    this.membership = new ClassicMembership(
      world.cluster,
      {
        groupId: 'shop',
        groupInstanceId: null,
        sessionTimeoutMs: 3_000,
        rebalanceTimeoutMs: 5_000,
        heartbeatIntervalMs: 300,
        assignors: [world.cooperative ? cooperativeStickyAssignor() : rangeAssignor()],
        rackId: null,
        allowAutoTopicCreation: false,
      },
      this,
    )
    this.membership.start({ topics: ['orders'], pattern: null })
  }

  /** Someone the coordinator has taken out may, until it notices, believe what is no longer true. */
  get isMember(): boolean {
    return this.world.coordinator.members.has(this.membership.metadata.memberId)
  }

  onAssigned(added: readonly TopicPartition[]): Promise<void> {
    return this.#during(() => {
      for (const name of added.map(formatTopicPartition)) {
        const other = this.world.owner.get(name)
        if (other?.isMember) this.world.problems.push(`${name} has two owners`)
        this.world.owner.set(name, this)
        this.owned.add(name)
      }
    })
  }

  async onRevoked(revoked: readonly TopicPartition[]): Promise<void> {
    await this.commit(revoked)
    await this.#during(() => this.#drop(revoked))
  }

  onLost(lost: readonly TopicPartition[]): Promise<void> {
    return this.#during(() => this.#drop(lost))
  }

  onError = (error: Error) => void this.world.problems.push(error.message)
  onFatal = (error: Error) => void this.world.problems.push(error.message)

  #drop(partitions: readonly TopicPartition[]): void {
    for (const name of partitions.map(formatTopicPartition)) {
      if (!this.owned.delete(name))
        this.world.problems.push(`${name} was taken from a member that had it not`)
      if (this.world.owner.get(name) === this) this.world.owner.delete(name)
    }
  }

  async #during(change: () => void): Promise<void> {
    if (this.#inCallback) this.world.problems.push('two callbacks at once')
    this.#inCallback = true
    await this.world.pause(this.world.random() * 60)
    change()
    this.#inCallback = false
  }

  /** Commits a mark of this member; the coordinator must never store it while another owns the partition. */
  async commit(partitions: readonly TopicPartition[]): Promise<void> {
    const { cluster } = this.world
    const offsets = partitions.map((partition) => ({
      ...partition,
      offset: 1n,
      leaderEpoch: -1,
      metadata: '',
    }))
    await this.membership.commit(offsets, new Deadline(cluster.clock, 'test', 1_000)).catch(() => {})
  }

  close(): Promise<void> {
    return this.membership.close(new Deadline(this.world.cluster.clock, 'close', 4_000), { leave: 'default' })
  }
}

async function live(seed: number, cooperative: boolean): Promise<World> {
  const random = randomFrom(seed)
  const world = new World(random, cooperative)
  const { clock } = world.cluster
  let members = [new SimulatedMember(world)]
  const ending: Promise<void>[] = []
  const pick = () => members[Math.floor(random() * members.length)] as SimulatedMember
  for (let step = 0; step < 25; step++) {
    await clock.advance(random() * 700)
    world.coordinator.expireSessions()
    const what = random()
    if (what < 0.3 && members.length < 5) members.push(new SimulatedMember(world))
    else if (what < 0.45 && members.length > 1) {
      const leaving = pick()
      members = members.filter((member) => member !== leaving)
      ending.push(leaving.close())
    } else if (what < 0.6) {
      const expelled = pick()
      const { memberId } = expelled.membership.metadata
      if (memberId !== '') {
        world.coordinator.remove(memberId)
      }
    } else if (what < 0.7) pick().membership.enforceRebalance('test')
    else if (what < 0.75) {
      const paused = pick()
      paused.membership.suspend('test')
      clock.setTimer(random() * 1_000, () => paused.membership.resume())
    } else {
      const member = pick()
      ending.push(member.commit(member.membership.assignment()))
    }
  }
  await world.calmDown(12_000)
  const all = [...world.owner.keys()].sort()
  if (all.length !== partitionCount) world.problems.push(`owned at the end: ${all.join(' ') || 'nothing'}`)
  if (!world.coordinator.stable) world.problems.push('the group is not stable at the end')
  const counts = members.map((member) => member.owned.size)
  if (Math.max(...counts) - Math.min(...counts) > 1) world.problems.push(`shares: ${counts.join(' ')}`)
  const closed = Promise.all([...ending, ...members.map((member) => member.close())])
  await world.calmDown(10_000)
  await closed
  if (world.coordinator.members.size > 0) world.problems.push('members are left in the group')
  return world
}

describe.each([
  ['range', false],
  ['cooperative-sticky', true],
])('a group by %s', (_, cooperative) => {
  it('G5 L14: never gives one partition to two, and always comes to rest with everything given out', async () => {
    const failures: string[] = []
    for (let seed = 1; seed <= runs; seed++) {
      const { problems } = await live(seed, cooperative)
      if (problems.length > 0) failures.push(`seed ${seed}: ${problems.join('; ')}`)
    }
    expect(failures).toEqual([])
  }, 60_000)
})
