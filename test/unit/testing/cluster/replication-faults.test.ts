// Guards against any order of deaths, freezes, lags and leader moves that loses a replicated record or leaves replicas
// with different logs.
import type { ReplicatedPartition } from '../../../../src/testing/cluster/replicated-partition'
import { seededRandom } from '../../../../src/testing/simulation/seeded-random'
import { batchOf, ReplicationCluster } from '../support/replication-cluster'

const ids = [1, 2, 3]
/** What the cluster refuses to do when it makes no sense just then. */
const refusals = /NOT_LEADER_OR_FOLLOWER|ELIGIBLE_LEADERS|PREFERRED_LEADER|ELECTION_NOT_NEEDED/

class Scenario {
  readonly cluster = new ReplicationCluster(3, {
    'broker.session.timeout.ms': '1000',
    'replica.lag.time.max.ms': '3000',
  })
  readonly partition: ReplicatedPartition
  readonly #random: () => number
  /** Values by offset that were below the high watermark at some time. */
  readonly #replicated: string[] = []
  readonly steps: string[] = []
  #written = 0
  #highWatermark = 0n
  #leaderEpoch = 0
  #partitionEpoch = 0

  constructor(seed: number) {
    this.#random = seededRandom(seed)
    ;[this.partition] = this.cluster.createTopic('t') as [ReplicatedPartition]
  }

  async step(): Promise<void> {
    const id = ids[Math.floor(this.#random() * 3)] as number
    const { brokers, clock } = this.cluster
    const { state } = brokers.get(id) ?? {}
    const acts: Record<string, () => unknown> = {
      append: () => this.#append(),
      append2: () => this.#append(),
      append3: () => this.#append(),
      hold: () => this.partition.holdReplication(id),
      release: () => this.partition.releaseReplication(id),
      move: () => this.partition.moveLeader(id),
      preferred: () => this.partition.electLeader('preferred'),
      wait: () => clock.advance(this.#random() * 2500),
      wait2: () => clock.advance(this.#random() * 2500),
      down: () => brokers.stop(id, this.#random() < 0.5 ? 'clean' : 'kill'),
      pause: () => state === 'running' && brokers.pause(id),
      up: () => (state === 'stopped' ? brokers.start(id) : brokers.resume(id)),
      up2: () => (state === 'stopped' ? brokers.start(id) : brokers.resume(id)),
      reassign: () => this.partition.reassign([...ids].sort(() => this.#random() - 0.5)),
    }
    const names = Object.keys(acts)
    const name = names[Math.floor(this.#random() * names.length)] as string
    this.steps.push(`${name} ${id}`)
    try {
      await acts[name]?.()
    } catch (error) {
      if (!refusals.test(String(error))) throw error
    }
    this.#check()
  }

  /** Everything runs again: all replicas have to become equal. */
  async recover(): Promise<void> {
    for (const id of ids) {
      const { state } = this.cluster.brokers.get(id) ?? {}
      if (state === 'stopped') this.cluster.brokers.start(id)
      if (state === 'paused') this.cluster.brokers.resume(id)
      this.partition.releaseReplication(id)
    }
    await this.cluster.clock.advance(5000)
    this.#check()
    const [first, ...others] = ids.map((id) => this.values(id))
    for (const other of others) expect(other).toEqual(first)
    expect([...this.partition.inSyncReplicas].sort()).toEqual(ids)
    expect(this.partition.highWatermark).toBe(this.partition.logEndOffset)
    expect(this.cluster.clock.pendingTimers).toBe(0)
  }

  values(brokerId: number): string[] {
    const batches = this.partition.log(brokerId)?.batches ?? []
    return batches.map((batch) => batch.bytes.subarray(-9, -1).toString())
  }

  get written(): number {
    return this.#written
  }

  #append(): void {
    this.partition.append(batchOf([`v${String(this.#written++).padStart(7, '0')}`]), { origin: 'client' })
  }

  #check(): void {
    const { partition } = this
    expect(partition.inSyncReplicas.length).toBeGreaterThan(0)
    if (partition.leaderId !== -1) expect(partition.inSyncReplicas).toContain(partition.leaderId)
    expect(partition.leaderEpoch).toBeGreaterThanOrEqual(this.#leaderEpoch)
    expect(partition.partitionEpoch).toBeGreaterThanOrEqual(this.#partitionEpoch)
    expect(partition.highWatermark >= this.#highWatermark).toBe(true)
    this.#leaderEpoch = partition.leaderEpoch
    this.#partitionEpoch = partition.partitionEpoch
    this.#highWatermark = partition.highWatermark
    for (const id of partition.inSyncReplicas) {
      const values = this.values(id)
      expect(values.length).toBeGreaterThanOrEqual(Number(partition.highWatermark))
      for (let at = 0; at < Number(partition.highWatermark); at++) {
        this.#replicated[at] ??= values[at] as string
        if (values[at] !== this.#replicated[at]) throw new Error(`Offset ${at} on ${id} was replaced`)
      }
    }
  }
}

it('keeps every replicated record on all in-sync replicas, whatever happens to brokers', async () => {
  let written = 0
  for (let seed = 1; seed <= 60; seed++) {
    const scenario = new Scenario(seed)
    try {
      for (let i = 0; i < 60; i++) await scenario.step()
      await scenario.recover()
    } catch (error) {
      throw new Error(`Seed ${seed}: ${scenario.steps.join(', ')}`, { cause: error })
    } finally {
      scenario.cluster.brokers.close()
    }
    written += scenario.written
  }
  expect(written).toBeGreaterThan(300)
}, 60_000)
