import { ErrorCode } from '../../base/error-codes'
import { pushTo } from '../../base/group-by'
import type { SharePartitionRef } from '../groups/share/share-sessions'
import type { Services } from '../contracts/services'

/** Where a client finds a leader. */
export interface NodeEndpoint {
  readonly nodeId: number
  readonly host: string
  readonly port: number
  readonly rack: string | null
}

/** Tells clients that asked the wrong broker who leads; the leaders' addresses are collected on the way. */
export class LeaderHints {
  readonly #services: Services
  readonly #endpoints = new Map<number, NodeEndpoint>()

  constructor(services: Services) {
    this.#services = services
  }

  get nodeEndpoints(): readonly NodeEndpoint[] {
    return [...this.#endpoints.values()]
  }

  /** The leader, where the error says that the client does not know it; zeros else, as Kafka. */
  leaderFor(ref: SharePartitionRef, ...errorCodes: number[]): { leaderId: number; leaderEpoch: number } {
    const isWrongLeader = errorCodes.some(
      (code) => code === ErrorCode.NOT_LEADER_OR_FOLLOWER || code === ErrorCode.FENCED_LEADER_EPOCH,
    )
    const partition = this.#services.topics.byId(ref.topicId)?.partitions[ref.partition]
    if (!isWrongLeader || partition === undefined) return { leaderId: 0, leaderEpoch: 0 }
    const { leaderId, leaderEpoch } = partition
    const leader = this.#services.brokers.get(leaderId)
    if (leader !== undefined) {
      const { host, port, rack } = leader
      this.#endpoints.set(leaderId, { nodeId: leaderId, host, port, rack })
    }
    return { leaderId, leaderEpoch }
  }
}

/** Puts answers for partitions under their topics, in the order of their first partitions. */
export function byTopic<Answer>(
  answers: Iterable<{ readonly ref: SharePartitionRef; readonly answer: Answer }>,
): { readonly topicId: string; readonly partitions: Answer[] }[] {
  const topics = new Map<string, Answer[]>()
  for (const { ref, answer } of answers) pushTo(topics, ref.topicId, answer)
  return [...topics].map(([topicId, partitions]) => ({ topicId, partitions }))
}
