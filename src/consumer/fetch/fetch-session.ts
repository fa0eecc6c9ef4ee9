import { ErrorCode } from '../../base/error-codes'
import type { FetchRequestForgottenTopic, FetchRequestTopic } from '../../wire/generated/client/fetch'
import { type FetchTarget, FetchTargets } from './fetch-targets'

/** What the next request of a session says. */
export interface FetchPlan {
  readonly sessionId: number
  readonly sessionEpoch: number
  readonly topics: readonly FetchRequestTopic[]
  readonly forgottenTopicsData: readonly FetchRequestForgottenTopic[]
  /** True when every topic id is known: versions from 13 on name topics by id. */
  readonly usesTopicIds: boolean
}

/** The epoch that opens a session, or with the id of an old one replaces it. */
const initialEpoch = 0
/** The epoch that ends a session. */
export const finalEpoch = -1
const largestEpoch = 0x7fffffff

/**
 * What one broker remembers of our fetches (KIP-227): after a first full request only changes are sent, and only what
 * changes is looked at here. Changes count as sent once the broker has carried their request out (F4); after a request
 * that was lost or refused the next one says everything anew.
 */
export class FetchSession<Target extends FetchTarget = FetchTarget> {
  readonly #targets = new FetchTargets<Target>()
  /** Those that the broker does not know as they are now. */
  #changed = new Set<Target>()
  /** Those that the broker knows and that are gone. */
  readonly #forgotten = new FetchTargets<Target>()
  #id = 0
  #epoch = initialEpoch
  #usesTopicIds = false

  /** 0 while there is no session. */
  get id(): number {
    return this.#id
  }

  /** What the next request asks for, in whatever few words. */
  get targets(): Omit<FetchTargets<Target>, 'set' | 'delete' | 'clear'> {
    return this.#targets
  }

  /** From the next request on the partition is asked for like this. */
  want(target: Target): void {
    const before = this.#targets.set(target)
    if (this.#epoch === initialEpoch) return
    if (before !== undefined) {
      const isUnsent = this.#changed.delete(before)
      if (before.topicId !== target.topicId) this.#forget(before)
      else if (!isUnsent && !isChanged(before, target)) return
    }
    this.#changed.add(target)
    // A broker carries out what is forgotten after what is added.
    const { topic, topicId, partition } = target
    if (this.#forgotten.get(topic, partition)?.topicId === topicId) this.#forgotten.delete(topic, partition)
  }

  /** From the next request on the partition is not asked for. */
  drop(topic: string, partition: number): void {
    const target = this.#targets.delete(topic, partition)
    if (target === undefined || this.#epoch === initialEpoch) return
    this.#changed.delete(target)
    this.#forget(target)
  }

  /** The first of a partition is the one that the broker knows, whatever was wanted and never sent since then. */
  #forget(target: Target): void {
    if (this.#forgotten.get(target.topic, target.partition) === undefined) this.#forgotten.set(target)
  }

  /** The next request. */
  plan(): FetchPlan {
    const usesTopicIds = this.#targets.haveIds
    // Names and ids don't mix in one session: the change starts a new one in its place.
    if (usesTopicIds !== this.#usesTopicIds && this.#epoch !== initialEpoch) this.replace()
    return {
      sessionId: this.#id,
      sessionEpoch: this.#epoch,
      topics: groupTargets(this.#epoch === initialEpoch ? this.#targets : this.#changed),
      forgottenTopicsData: groupForgotten(this.#forgotten),
      usesTopicIds,
    }
  }

  /** The broker carried the request out. Nothing was wanted or dropped since it was planned. */
  accept(plan: FetchPlan, sessionId: number): void {
    this.#allIsSaid()
    if (plan.sessionEpoch === initialEpoch && sessionId === 0) {
      // The broker has no room for a session, or does not know them: every request is a full one.
      this.#id = 0
      return
    }
    this.#id = sessionId
    this.#epoch = plan.sessionEpoch === largestEpoch ? 1 : plan.sessionEpoch + 1
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
    this.#allIsSaid()
  }

  #allIsSaid(): void {
    // A set that is cleared, answer by answer, is a chain of tables that outlive their time (see DESIGN.md).
    if (this.#changed.size > 0) this.#changed = new Set()
    this.#forgotten.clear()
  }
}

/** A request that stands for itself, without a session. */
export function planOnce(targets: FetchTargets<FetchTarget>): FetchPlan {
  return {
    sessionId: 0,
    sessionEpoch: finalEpoch,
    topics: groupTargets(targets),
    forgottenTopicsData: [],
    usesTopicIds: targets.haveIds,
  }
}

function isChanged(before: FetchTarget, now: FetchTarget): boolean {
  return (
    before.fetchOffset !== now.fetchOffset ||
    before.currentLeaderEpoch !== now.currentLeaderEpoch ||
    before.partitionMaxBytes !== now.partitionMaxBytes
  )
}

/** Neighbours of one topic become one entry: the order of the partitions is what makes fetching fair. */
function groupTargets(targets: Iterable<FetchTarget>): FetchRequestTopic[] {
  return groupByTopic(targets, ({ partition, currentLeaderEpoch, fetchOffset, partitionMaxBytes }) => ({
    partition,
    currentLeaderEpoch,
    fetchOffset,
    partitionMaxBytes,
  }))
}

function groupForgotten(targets: Iterable<FetchTarget>): FetchRequestForgottenTopic[] {
  return groupByTopic(targets, ({ partition }) => partition)
}

function groupByTopic<Entry>(
  targets: Iterable<FetchTarget>,
  entryOf: (target: FetchTarget) => Entry,
): { topic: string; topicId: string; partitions: Entry[] }[] {
  const groups: { topic: string; topicId: string; partitions: Entry[] }[] = []
  let group: (typeof groups)[number] | undefined
  for (const target of targets) {
    if (group?.topic !== target.topic || group.topicId !== target.topicId) {
      group = { topic: target.topic, topicId: target.topicId, partitions: [] }
      groups.push(group)
    }
    group.partitions.push(entryOf(target))
  }
  return groups
}
