import { ErrorCode } from '../../base/error-codes'
import type { FetchRequestForgottenTopic, FetchRequestTopic } from '../../wire/generated/client/fetch'
import { zeroUuid } from '../../wire/primitives/uuid'

/** One partition as a Fetch asks for it. */
export interface FetchTarget {
  readonly topic: string
  /** The zero id when it is not known. */
  readonly topicId: string
  readonly partition: number
  readonly fetchOffset: bigint
  readonly currentLeaderEpoch: number
  readonly partitionMaxBytes: number
}

/** What the next request of a session says. */
export interface FetchPlan {
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly topics: readonly FetchRequestTopic[]
  readonly forgottenTopicsData: readonly FetchRequestForgottenTopic[]
  /** True when every topic id is known: versions from 13 on name topics by id. */
  readonly usesTopicIds: boolean
  /** What the session holds once the broker has accepted the request. */
  readonly targets: ReadonlyMap<string, FetchTarget>
}

/** The epoch that opens a session, or with the id of an old one replaces it. */
const initialEpoch = 0
/** The epoch that ends a session. */
export const finalEpoch = -1
const largestEpoch = 0x7fffffff

/**
 * What one broker remembers of our fetches (KIP-227): after a first full request only changes are sent. What is kept
 * here changes only after a response (F4), so that a request that was lost changes nothing.
 */
export class FetchSession {
  #id = 0
  #epoch = initialEpoch
  #known: ReadonlyMap<string, FetchTarget> = new Map()
  #usesTopicIds = false

  /** 0 while there is no session. */
  get id(): number {
    return this.#id
  }

  /** The request for exactly these partitions, in this order where the broker is told of them for the first time. */
  plan(wanted: readonly FetchTarget[]): FetchPlan {
    const targets = new Map(wanted.map((target) => [keyOf(target), target]))
    const usesTopicIds = wanted.every((target) => target.topicId !== zeroUuid)
    // Names and ids don't mix in one session: the change starts a new one in its place.
    if (usesTopicIds !== this.#usesTopicIds && this.#epoch !== initialEpoch) this.replace()
    const isFull = this.#epoch === initialEpoch
    const known = isFull ? new Map<string, FetchTarget>() : this.#known
    const changed = wanted.filter((target) => isChanged(known.get(keyOf(target)), target))
    const forgotten = [...known].filter(([key, before]) => targets.get(key)?.topicId !== before.topicId)
    return {
      sessionId: this.#id,
      sessionEpoch: this.#epoch,
      topics: groupTargets(changed),
      forgottenTopicsData: groupForgotten(forgotten.map(([, target]) => target)),
      usesTopicIds,
      targets,
    }
  }

  /** The broker carried the request out. */
  accept(plan: FetchPlan, sessionId: number): void {
    if (plan.sessionEpoch === initialEpoch && sessionId === 0) {
      // The broker has no room for a session, or does not know them: every request is a full one.
      this.#id = 0
      return
    }
    this.#id = sessionId
    this.#epoch = plan.sessionEpoch === largestEpoch ? 1 : plan.sessionEpoch + 1
    this.#known = plan.targets
    this.#usesTopicIds = plan.usesTopicIds
  }

  /** The broker refused the session; false when the error concerns something else. */
  handleError(errorCode: number): boolean {
    switch (errorCode) {
      case ErrorCode.FETCH_SESSION_ID_NOT_FOUND:
        this.#id = 0
        this.replace()
        return true
      case ErrorCode.INVALID_FETCH_SESSION_EPOCH:
      case ErrorCode.FETCH_SESSION_TOPIC_ID_ERROR:
        this.replace()
        return true
      default:
        return false
    }
  }

  /** The next request opens a session in place of this one: what the broker knows is uncertain. */
  replace(): void {
    this.#epoch = initialEpoch
    this.#known = new Map()
  }
}

function keyOf({ topic, partition }: FetchTarget): string {
  return `${topic}:${partition}`
}

function isChanged(before: FetchTarget | undefined, now: FetchTarget): boolean {
  return (
    before === undefined ||
    before.fetchOffset !== now.fetchOffset ||
    before.topicId !== now.topicId ||
    before.currentLeaderEpoch !== now.currentLeaderEpoch ||
    before.partitionMaxBytes !== now.partitionMaxBytes
  )
}

/** Neighbours of one topic become one entry: the order of the partitions is what makes fetching fair. */
function groupTargets(targets: readonly FetchTarget[]): FetchRequestTopic[] {
  return groupByTopic(targets, ({ partition, currentLeaderEpoch, fetchOffset, partitionMaxBytes }) => ({
    partition,
    currentLeaderEpoch,
    fetchOffset,
    partitionMaxBytes,
  }))
}

function groupForgotten(targets: readonly FetchTarget[]): FetchRequestForgottenTopic[] {
  return groupByTopic(targets, ({ partition }) => partition)
}

function groupByTopic<Entry>(
  targets: readonly FetchTarget[],
  entryOf: (target: FetchTarget) => Entry,
): { topic: string; topicId: string; partitions: Entry[] }[] {
  const groups: { topic: string; topicId: string; partitions: Entry[] }[] = []
  for (const target of targets) {
    let group = groups.at(-1)
    if (group?.topic !== target.topic || group.topicId !== target.topicId) {
      group = { topic: target.topic, topicId: target.topicId, partitions: [] }
      groups.push(group)
    }
    group.partitions.push(entryOf(target))
  }
  return groups
}
