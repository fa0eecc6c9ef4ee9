import type { JoinGroupResponse } from '../../../wire/generated/broker/join-group'
import type { SyncGroupResponse } from '../../../wire/generated/broker/sync-group'

const noBytes = Buffer.alloc(0)

/** One way of assigning partitions that a member can take part in, such as `range`, with what it says under it. */
export interface ClassicProtocol {
  readonly name: string
  readonly metadata: Buffer
}

/** What makes a member, as it joined, as a new coordinator loads it, or as a consumer group hands it over. */
export interface ClassicMemberSpec {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  /** As Kafka writes it, such as `/127.0.0.1`. */
  readonly clientHost: string
  readonly protocolType: string
  readonly rebalanceTimeoutMs: number
  readonly sessionTimeoutMs: number
  readonly protocols: readonly ClassicProtocol[]
  readonly assignment?: Buffer
}

/** One member of a classic group, and the request of it that waits for an answer. */
export class ClassicMember {
  readonly memberId: string
  readonly groupInstanceId: string | null
  readonly clientId: string
  readonly clientHost: string
  readonly protocolType: string
  rebalanceTimeoutMs: number
  sessionTimeoutMs: number
  protocols: readonly ClassicProtocol[]
  assignment: Buffer
  /** True until its first join was answered: it does not know its id, so it can't heartbeat. */
  isNew = false
  #join: ((response: JoinGroupResponse) => void) | undefined
  #sync: ((response: SyncGroupResponse) => void) | undefined

  constructor(spec: ClassicMemberSpec) {
    this.memberId = spec.memberId
    this.groupInstanceId = spec.groupInstanceId
    this.clientId = spec.clientId
    this.clientHost = spec.clientHost
    this.protocolType = spec.protocolType
    this.rebalanceTimeoutMs = spec.rebalanceTimeoutMs
    this.sessionTimeoutMs = spec.sessionTimeoutMs
    this.protocols = spec.protocols
    this.assignment = spec.assignment ?? noBytes
  }

  get isStatic(): boolean {
    return this.groupInstanceId !== null
  }

  get awaitsJoin(): boolean {
    return this.#join !== undefined
  }

  get awaitsSync(): boolean {
    return this.#sync !== undefined
  }

  /** A member whose request is held back can't heartbeat, and is alive; a new one is given up after a while. */
  get isExcusedFromHeartbeats(): boolean {
    return !this.isNew && (this.awaitsJoin || this.awaitsSync)
  }

  /** Holds a JoinGroup back. An earlier one that still waits is forgotten: its sender asked anew. */
  holdJoin(answer: (response: JoinGroupResponse) => void): void {
    this.#join = answer
  }

  holdSync(answer: (response: SyncGroupResponse) => void): void {
    this.#sync = answer
  }

  /** False when no JoinGroup waits. */
  answerJoin(response: JoinGroupResponse): boolean {
    const answer = this.#join
    this.#join = undefined
    answer?.(response)
    return answer !== undefined
  }

  /** False when no SyncGroup waits. */
  answerSync(response: SyncGroupResponse): boolean {
    const answer = this.#sync
    this.#sync = undefined
    answer?.(response)
    return answer !== undefined
  }

  /** What the member says under a protocol; empty when it does not know it. */
  metadata(protocolName: string | null): Buffer {
    return this.protocols.find((protocol) => protocol.name === protocolName)?.metadata ?? noBytes
  }

  /** The member's first choice among the protocols that all members know. */
  vote(candidates: ReadonlySet<string>): string | undefined {
    return this.protocols.find((protocol) => candidates.has(protocol.name))?.name
  }

  /** True when a join brings the same protocols, in the same order, with the same bytes. */
  matches(protocols: readonly ClassicProtocol[]): boolean {
    return (
      protocols.length === this.protocols.length &&
      this.protocols.every((own, i) => {
        const other = protocols[i]
        return other !== undefined && other.name === own.name && other.metadata.equals(own.metadata)
      })
    )
  }

  toSpec(): ClassicMemberSpec {
    return {
      memberId: this.memberId,
      groupInstanceId: this.groupInstanceId,
      clientId: this.clientId,
      clientHost: this.clientHost,
      protocolType: this.protocolType,
      rebalanceTimeoutMs: this.rebalanceTimeoutMs,
      sessionTimeoutMs: this.sessionTimeoutMs,
      protocols: this.protocols,
      assignment: this.assignment,
    }
  }
}
