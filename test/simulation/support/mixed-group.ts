import {
  isKafkaError,
  type Consumer,
  type ConsumerOptions,
  type HandlerContext,
  type Kafka,
} from '../../../src'
import type { Simulation } from '../../../src/testing'
import type { Ledger } from './ledger'

const assignors = ['range', 'roundrobin', 'sticky', 'cooperative-sticky'] as const
const instanceIds = ['till-1', 'till-2']
/** Which members join, one after the other: a group that moves to KIP-848 and back, with all kinds at the turns. */
const phases = [
  { consumer: 0 },
  { consumer: 0.5 },
  { consumer: 1 },
  { consumer: 0.5 },
  { consumer: 0 },
] as const
const maxPollIntervalMs = 5_000
/** What a static member may end with while its predecessor is still known: it is started again then. */
const instanceRefusals = ['UNRELEASED_INSTANCE_ID', 'FENCED_INSTANCE_ID']
/** After a failover the coordinator knows of each classic member only the assignor that was in use, as Kafka's does. */
const protocolRefusal = 'INCONSISTENT_GROUP_PROTOCOL'

export interface MixedGroupOptions {
  readonly topic: string
  readonly groupId: string
  readonly partitions: number
  readonly startFrom: 'earliest' | 'latest'
}

interface Member {
  readonly name: string
  readonly consumer: Consumer<readonly string[]>
  readonly instanceId: string | undefined
  running: Promise<void>
}

/** A group whose members use both protocols and any assignor, and come, go, hang and die. */
export class MixedGroup {
  readonly #sim: Simulation
  readonly #kafka: Kafka
  readonly #ledger: Ledger
  readonly #options: MixedGroupOptions
  /** The assignor that all classic members support. */
  readonly #common: (typeof assignors)[number]
  readonly #members = new Map<string, Member>()
  readonly #gone: Promise<unknown>[] = []
  readonly #finished: Set<bigint>[]
  /** Up to here everything was seen finished, by partition. */
  readonly #checked: bigint[]
  /** Of members that are there, or are still closing. */
  readonly #takenIds = new Set<string>()
  #phase = 0
  #count = 0
  #isOver = false

  constructor(sim: Simulation, kafka: Kafka, ledger: Ledger, options: MixedGroupOptions) {
    this.#sim = sim
    this.#kafka = kafka
    this.#ledger = ledger
    this.#options = options
    this.#common = sim.chance.pick(assignors) ?? 'range'
    this.#finished = Array.from({ length: options.partitions }, () => new Set())
    this.#checked = Array.from({ length: options.partitions }, () => 0n)
  }

  async churn(untilMs: number): Promise<void> {
    const { chance } = this.#sim
    this.#gone.push(this.#watchCommits())
    const phaseMs = (untilMs - this.#sim.now) / phases.length
    const startedAt = this.#sim.now
    this.#join()
    while (this.#sim.now < untilMs) {
      await this.#sim.sleep(chance.between(200, 2000))
      this.#phase = Math.min(phases.length - 1, Math.floor((this.#sim.now - startedAt) / phaseMs))
      const member = this.#members.get(chance.pick([...this.#members.keys()]) ?? '')
      const what = chance.pick(['leave', 'replace', 'replace', 'crash', 'join', 'join', 'join'])
      if (what === 'join' || member === undefined) {
        if (this.#members.size < 4) this.#join()
        continue
      }
      if (what === 'crash') this.#crash(member)
      else await this.#leave(member)
      if (what === 'replace') this.#join()
    }
    if (this.#members.size === 0) this.#join()
  }

  /** Waits until all was handled, ends the members, and lets one that starts anew, of either protocol, catch up. */
  async finish(): Promise<void> {
    await this.#quiet(60_000)
    await this.#leaveAll()
    this.#phase = this.#sim.chance.between(0, phases.length - 1)
    this.#join(true)
    if (!(await this.#quiet(60_000))) {
      this.#broken(`L20: a member that started anew still lags by ${this.#lag()} after 60 s of quiet`)
    }
    await this.#leaveAll()
    this.#isOver = true
    await Promise.all(this.#gone)
  }

  committed(): ReadonlyMap<number, bigint> {
    const offsets = this.#sim.cluster.group(this.#options.groupId)?.offsets ?? []
    return new Map(offsets.map(({ partition, offset }) => [partition, offset]))
  }

  #broken(what: string): void {
    this.#ledger.violations.push(what)
  }

  /** L15: whatever the group has committed is finished, at any time. */
  async #watchCommits(): Promise<void> {
    while (!this.#isOver) {
      for (const [partition, offset] of this.committed()) {
        let at = this.#checked[partition] ?? 0n
        for (; at < offset; at++) {
          if (this.#finished[partition]?.has(at)) continue
          this.#broken(`L15: ${partition} is committed at ${offset}, ${at} is not finished`)
        }
        this.#checked[partition] = at
      }
      await this.#sim.sleep(50)
    }
  }

  async #quiet(limitMs: number): Promise<boolean> {
    const end = this.#sim.now + limitMs
    while (this.#lag() > 0n && this.#sim.now < end) await this.#sim.sleep(200)
    return this.#lag() === 0n
  }

  #lag(): bigint {
    const committed = this.committed()
    let lag = 0n
    for (let partition = 0; partition < this.#options.partitions; partition++) {
      const { highWatermark } = this.#sim.cluster.partition(this.#options.topic, partition)
      lag += highWatermark - (committed.get(partition) ?? 0n)
    }
    return lag
  }

  #protocolOptions(): ConsumerOptions {
    const { chance } = this.#sim
    if (chance.happens(phases[this.#phase]?.consumer ?? 0)) {
      const groupRemoteAssignor = chance.pick([undefined, 'uniform', 'range'] as const)
      return { groupProtocol: 'consumer', groupRemoteAssignor }
    }
    const other = chance.pick(assignors.filter((name) => name !== this.#common))
    const list = chance.happens(0.5) || other === undefined ? [this.#common] : [this.#common, other]
    return {
      assignors: chance.happens(0.5) ? list : list.reverse(),
      sessionTimeoutMs: 6000,
      heartbeatIntervalMs: 500,
    }
  }

  #freeInstanceId(): string | undefined {
    const free = instanceIds.filter((id) => !this.#takenIds.has(id))
    return this.#sim.chance.happens(0.3) ? this.#sim.chance.pick(free) : undefined
  }

  #join(isLast = false): void {
    const { chance } = this.#sim
    const name = `m${this.#count++}`
    const instanceId = isLast ? undefined : this.#freeInstanceId()
    const protocol = this.#protocolOptions()
    const work = new MemberWork(this.#sim, this.#ledger, this.#finished, name, !isLast)
    this.#sim.trace(`${name} joins as ${JSON.stringify(protocol)} ${instanceId ?? ''}`)
    const consumer = this.#kafka.consumer({
      groupId: this.#options.groupId,
      topics: [this.#options.topic],
      startFrom: this.#options.startFrom,
      groupInstanceId: instanceId,
      maxPollIntervalMs,
      autoCommitIntervalMs: chance.between(50, 2000),
      fetchMaxWaitMs: 200,
      ...protocol,
      ...work.listeners,
    })
    const order = chance.pick(['partition', 'partition', 'key', 'none'] as const) ?? 'partition'
    const running = consumer.run((message, context) => work.handle(message, context), {
      concurrency: order === 'partition' ? 4 : 8,
      order,
    })
    const member: Member = { name, consumer, instanceId, running }
    member.running = running.catch((error: unknown) => this.#onEnd(member, error))
    this.#members.set(name, member)
    if (instanceId !== undefined) this.#takenIds.add(instanceId)
  }

  async #onEnd(member: Member, error: unknown): Promise<void> {
    this.#sim.trace(`${member.name} ended: ${String(error)}`)
    const code = isKafkaError(error) ? error.code : ''
    const isRefused =
      code === protocolRefusal || (member.instanceId !== undefined && instanceRefusals.includes(code))
    if (!isRefused) this.#broken(`L20: ${member.name} ended: ${String(error)}`)
    if (!this.#members.delete(member.name)) return
    await member.consumer.close()
    this.#takenIds.delete(member.instanceId ?? '')
    // As a service that is started again.
    await this.#sim.sleep(1000)
    if (!this.#isOver && this.#members.size < 4) this.#join()
  }

  async #leave(member: Member): Promise<void> {
    this.#sim.trace(`${member.name} leaves`)
    this.#members.delete(member.name)
    await member.consumer.close()
    await member.running
    this.#takenIds.delete(member.instanceId ?? '')
  }

  async #leaveAll(): Promise<void> {
    for (const member of [...this.#members.values()]) await this.#leave(member)
  }

  /** Ends without waiting for its handlers. */
  #crash(member: Member): void {
    this.#sim.trace(`${member.name} crashes`)
    this.#members.delete(member.name)
    this.#takenIds.delete(member.instanceId ?? '')
    this.#gone.push(member.consumer.close({ timeoutMs: 0, leaveGroup: false }), member.running)
  }
}

interface Running {
  readonly partition: number
  readonly signal: AbortSignal
}

/** What one member does, and what it must not be asked to do. */
class MemberWork {
  readonly #sim: Simulation
  readonly #ledger: Ledger
  readonly #finished: readonly Set<bigint>[]
  readonly #name: string
  readonly #mayHang: boolean
  readonly #owned = new Set<number>()
  readonly #running = new Set<Running>()

  constructor(
    sim: Simulation,
    ledger: Ledger,
    finished: readonly Set<bigint>[],
    name: string,
    mayHang: boolean,
  ) {
    this.#sim = sim
    this.#ledger = ledger
    this.#finished = finished
    this.#name = name
    this.#mayHang = mayHang
  }

  readonly listeners = {
    onPartitionsAssigned: (added: readonly { partition: number }[]): void => {
      this.#trace('assigned', added)
      for (const { partition } of added) {
        if (this.#owned.has(partition)) this.#broken(`L14: ${this.#name} was given ${partition} twice`)
        this.#owned.add(partition)
      }
    },
    onPartitionsRevoked: (revoked: readonly { partition: number }[]): void =>
      this.#remove('revoked', revoked),
    onPartitionsLost: (lost: readonly { partition: number }[]): void => this.#remove('lost', lost),
  }

  async handle(
    message: { partition: number; offset: bigint; value: unknown },
    { signal }: HandlerContext,
  ): Promise<void> {
    const { partition, offset } = message
    const where = `${partition}@${offset}`
    if (!this.#owned.has(partition))
      this.#broken(`L14: ${this.#name} was given ${where}, which it does not own`)
    const running = { partition, signal }
    this.#running.add(running)
    await this.#work(where, signal)
    this.#running.delete(running)
    // What came too late counts for nothing: it is handed out again.
    if (signal.aborted) return
    this.#finished[partition]?.add(offset)
    const at = this.#sim.now
    this.#ledger.deliveries.push({ id: String(message.value), member: this.#name, partition, offset, at })
  }

  async #work(where: string, signal: AbortSignal): Promise<void> {
    const { chance } = this.#sim
    if (chance.happens(0.1)) await this.#sim.sleep(chance.between(1, 50))
    if (!this.#mayHang || !chance.happens(0.001)) return
    const isTooLong = chance.happens(0.5)
    this.#sim.trace(`${this.#name} hangs at ${where}${isTooLong ? ' for too long' : ''}`)
    await this.#sim.sleep(isTooLong ? maxPollIntervalMs * 1.5 : maxPollIntervalMs / 2)
    if (isTooLong && !signal.aborted)
      this.#broken(`L16: ${this.#name} was not told that it took too long for ${where}`)
  }

  #remove(what: string, gone: readonly { partition: number }[]): void {
    this.#trace(what, gone)
    for (const { partition } of gone) {
      if (!this.#owned.delete(partition))
        this.#broken(`L14: ${partition} was ${what} of ${this.#name}, which did not own it`)
      for (const running of this.#running) {
        if (running.partition !== partition || running.signal.aborted) continue
        this.#broken(`L14: ${partition} was ${what} of ${this.#name} while a handler ran that was not told`)
      }
    }
  }

  #trace(what: string, list: readonly { partition: number }[]): void {
    this.#sim.trace(`${this.#name} ${what} ${list.map(({ partition }) => partition).join(' ')}`)
  }

  #broken(what: string): void {
    this.#ledger.violations.push(what)
  }
}
