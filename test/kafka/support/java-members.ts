import type { KafkaAddresses } from './kafka-addresses'
import { type RunningJavaProgram, startJavaProgram } from './java-tools'

const assignorClasses = {
  range: 'Range',
  roundrobin: 'RoundRobin',
  sticky: 'Sticky',
  'cooperative-sticky': 'CooperativeSticky',
} as const

/** A built-in assignor, by its name on the wire. */
export type JavaAssignor = keyof typeof assignorClasses

/** What a Java member joins with. */
export interface JavaMemberOptions {
  groupId: string
  topics: readonly string[]
  /** In the order of preference; not for `groupProtocol: 'consumer'`. */
  assignors?: readonly JavaAssignor[]
  groupProtocol?: 'classic' | 'consumer'
  groupInstanceId?: string
  groupRemoteAssignor?: string
}

/** An offset as Java's admin reads it. */
export interface JavaCommit {
  offset: bigint
  leaderEpoch: number
  metadata: string
}

/** A consumer of the Java client that notes what it owns and what it handles. */
export class JavaMember {
  readonly name: string
  readonly owned = new Set<string>()
  /** `assigned orders-0 orders-1`, `revoked …`, `lost …`, in their order. */
  readonly events: string[] = []
  /** The values of the records that it was given. */
  readonly handled: string[] = []
  /** What it ended with, other than because it was asked to. */
  failure: string | undefined
  readonly #leave: () => void
  readonly #left: Promise<void>
  #isGone: () => void = () => {}
  #isLeaving = false
  #hasLeft = false

  constructor(name: string, leave: () => void) {
    this.name = name
    this.#leave = leave
    this.#left = new Promise((resolve) => (this.#isGone = resolve))
  }

  /** Leaves its group as Java's `close()` does; a second call waits for the first. */
  close(): Promise<void> {
    if (!this.#isLeaving && this.failure === undefined) this.#leave()
    this.#isLeaving = true
    return this.#left
  }

  get hasLeft(): boolean {
    return this.#hasLeft
  }

  /** Takes in what the program printed of it. */
  take(what: string, rest: readonly string[]): void {
    switch (what) {
      case 'record':
        this.handled.push(rest[2] ?? '')
        return
      case 'failed':
        this.failure = rest.join(' ')
        return
      case 'left':
        this.#hasLeft = true
        return this.#isGone()
      case 'assigned':
      case 'revoked':
      case 'lost':
        this.events.push([what, ...rest].join(' '))
        for (const key of rest) {
          if (what === 'assigned') this.owned.add(key)
          else this.owned.delete(key)
        }
    }
  }
}

/** Members of the Java client, all of them in one process: starting one is slow. */
export class JavaMembers {
  readonly #program: RunningJavaProgram
  readonly #members = new Map<string, JavaMember>()
  readonly #commits = new Map<string, Map<string, JavaCommit>>()
  readonly #waiting = new Map<string, (commits: Map<string, JavaCommit>) => void>()
  readonly #reading: Promise<void>
  #count = 0

  private constructor(program: RunningJavaProgram) {
    this.#program = program
    this.#reading = this.#read()
  }

  /** Resolves when the program is ready for members. */
  static async start(kafka: Pick<KafkaAddresses, 'bootstrap' | 'version'>): Promise<JavaMembers> {
    const args = [kafka.bootstrap.join(',')]
    const program = await startJavaProgram(kafka.version, 'tools/java/GroupMembers.java', args)
    const { value } = (await program.lines.next()) as { value: string | undefined }
    if (value !== 'ready') throw new Error(`The Java members did not start: ${program.errorOutput()}`)
    return new JavaMembers(program)
  }

  /** Lets one more member join; it answers heartbeats and metadata quickly, so that tests need not wait. */
  join(options: JavaMemberOptions): JavaMember {
    const name = `java${this.#count++}`
    const member = new JavaMember(name, () => this.#program.writeLine(`leave ${name}`))
    this.#members.set(name, member)
    const config = { topics: options.topics.join(','), 'group.id': options.groupId, ...protocolOf(options) }
    const words = Object.entries(config).map(([key, value]) => `${key}=${value}`)
    this.#program.writeLine(['join', name, ...words].join(' '))
    return member
  }

  /** What the group has committed, as Java's admin reads it, by topic and partition such as `orders-0`. */
  committed(groupId: string): Promise<ReadonlyMap<string, JavaCommit>> {
    const answer = new Promise<ReadonlyMap<string, JavaCommit>>((resolve) =>
      this.#waiting.set(groupId, resolve),
    )
    this.#commits.set(groupId, new Map())
    this.#program.writeLine(`committed ${groupId}`)
    return answer
  }

  /** Ends all of them. */
  async stop(): Promise<void> {
    await this.#program.stop()
    await this.#reading
  }

  async #read(): Promise<void> {
    for await (const line of this.#program.lines) {
      const [who = '', what = '', ...rest] = line.split(' ')
      if (who === 'committed') this.#onCommitted(what, rest)
      else this.#members.get(who)?.take(what, rest)
    }
    const error = this.#program.errorOutput()
    for (const member of this.#members.values()) {
      if (member.hasLeft) continue
      // It went down with the program.
      member.take('failed', ['the program ended:', error])
      member.take('left', [])
    }
  }

  #onCommitted(groupId: string, [key = '', offset, leaderEpoch, ...metadata]: readonly string[]): void {
    const commits = this.#commits.get(groupId) ?? new Map<string, JavaCommit>()
    if (key === '.') return this.#waiting.get(groupId)?.(commits)
    commits.set(key, {
      offset: BigInt(offset ?? -1),
      leaderEpoch: Number(leaderEpoch),
      metadata: metadata.join(' '),
    })
  }
}

function protocolOf(options: JavaMemberOptions): Record<string, string> {
  const { assignors = ['range'], groupProtocol = 'classic', groupInstanceId, groupRemoteAssignor } = options
  const instance: Record<string, string> =
    groupInstanceId === undefined ? {} : { 'group.instance.id': groupInstanceId }
  if (groupProtocol === 'consumer') {
    const assignor: Record<string, string> =
      groupRemoteAssignor === undefined ? {} : { 'group.remote.assignor': groupRemoteAssignor }
    return { 'group.protocol': 'consumer', ...assignor, ...instance }
  }
  const classOf = (name: JavaAssignor) => `org.apache.kafka.clients.consumer.${assignorClasses[name]}Assignor`
  return {
    'partition.assignment.strategy': assignors.map(classOf).join(','),
    'heartbeat.interval.ms': '250',
    'session.timeout.ms': '10000',
    'metadata.max.age.ms': '2000',
    ...instance,
  }
}
