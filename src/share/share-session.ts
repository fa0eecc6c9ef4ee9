import { ErrorCode } from '../base/error-codes'
import { pushTo } from '../base/group-by'
import type { SharePartition } from './share-partition'

/** Partitions by topic id, as requests name them. */
export interface PartitionsOfTopic {
  readonly topicId: string
  readonly partitions: number[]
}

/** What the next ShareFetch of a session says. */
export interface ShareFetchPlan {
  readonly sessionEpoch: number
  readonly added: readonly SharePartition[]
  readonly forgotten: readonly PartitionsOfTopic[]
  /** What the session holds once the broker has carried the request out. */
  readonly partitions: ReadonlyMap<string, SharePartition>
}

/** Opens a session, in place of one there may be. */
const initialEpoch = 0
/** Ends a session, and gives back what is held under it. */
export const finalShareEpoch = -1
const largestEpoch = 0x7fffffff

/**
 * What one broker remembers of what this member fetches from it (KIP-932). Each request that the broker carries out
 * raises the epoch. What is kept here changes only after an answer, so that a request that was lost changes nothing;
 * where it is uncertain what arrived, a new session is opened, and what was held under the old one counts as lost.
 */
export class ShareSession {
  #epoch = initialEpoch
  #partitions: ReadonlyMap<string, SharePartition> = new Map()

  /** The broker knows of no session: acknowledgements can't be sent. */
  get isNew(): boolean {
    return this.#epoch === initialEpoch
  }

  /** The epoch of the next request. */
  get epoch(): number {
    return this.#epoch
  }

  /** True when the broker still has partitions that it may answer for. */
  get isEmpty(): boolean {
    return this.#partitions.size === 0
  }

  has(partition: SharePartition): boolean {
    return this.#partitions.has(partition.key)
  }

  /** The request for exactly these partitions. */
  plan(wanted: readonly SharePartition[]): ShareFetchPlan {
    const partitions = new Map(wanted.map((partition) => [partition.key, partition]))
    const known = this.isNew ? new Map<string, SharePartition>() : this.#partitions
    return {
      sessionEpoch: this.#epoch,
      added: wanted.filter(({ key }) => !known.has(key)),
      forgotten: byTopicId([...known.values()].filter(({ key }) => !partitions.has(key))),
      partitions,
    }
  }

  /** The broker carried the request out; without a plan one that changes no partitions. */
  accept(plan?: ShareFetchPlan): void {
    this.#epoch = this.#epoch === largestEpoch ? 1 : this.#epoch + 1
    if (plan !== undefined) this.#partitions = plan.partitions
  }

  /** The next request opens a session in place of this one. */
  reset(): void {
    this.#epoch = initialEpoch
    this.#partitions = new Map()
  }
}

/** True for errors by which a broker says that it does not have the session as we know it. */
export function isShareSessionError(errorCode: number): boolean {
  return (
    errorCode === ErrorCode.SHARE_SESSION_NOT_FOUND ||
    errorCode === ErrorCode.INVALID_SHARE_SESSION_EPOCH ||
    errorCode === ErrorCode.SHARE_SESSION_LIMIT_REACHED
  )
}

function byTopicId(partitions: readonly SharePartition[]): PartitionsOfTopic[] {
  const topics = new Map<string, number[]>()
  for (const { topicId, partition } of partitions) pushTo(topics, topicId, partition)
  return [...topics].map(([topicId, numbers]) => ({ topicId, partitions: numbers }))
}
