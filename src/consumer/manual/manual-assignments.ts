import { Deadline } from '../../base/deadline'
import { KafkaError } from '../../base/errors'
import { formatTopicPartition } from '../../base/topic-partition'
import type { Cluster } from '../../cluster/cluster'
import type { PartitionState } from '../partition-state'
import type { StartFrom } from '../start-from'
import type { SubscriptionState } from '../subscription-state'
import type { ReadUntil, ResolvedAssignment } from './manual-assignment'
import type { ReadingEnds } from './reading-ends'

export interface ManualAssignmentsOptions {
  readonly cluster: Cluster
  readonly subscription: SubscriptionState
  readonly ends: ReadingEnds
  /** The consumer's end, for those that have none of their own. */
  readonly until: ReadUntil | undefined
  readonly allowAutoTopicCreation: boolean
  readonly timeoutMs: number
  /** Positions are to be found. */
  readonly onAdded: () => void
  readonly onFailed: (error: KafkaError) => void
}

/** A topic that was given as a whole. */
interface WholeTopic {
  readonly assignment: ResolvedAssignment
  /** Its first partitions, up to this one, were taken; undefined while it is not known how many there are. */
  taken: number | undefined
}

/**
 * The partitions that the user gives by hand, without a group. A topic without a partition stands for all of its
 * partitions; one that is read without an end is watched, so that partitions that are added are read too (G13).
 */
export class ManualAssignments {
  readonly #options: ManualAssignmentsOptions
  readonly #abort = new AbortController()
  #single: ReadonlyMap<string, ResolvedAssignment> = new Map()
  #whole: ReadonlyMap<string, WholeTopic> = new Map()
  readonly #learning = new Set<WholeTopic>()
  #endWatch: (() => void) | undefined

  constructor(options: ManualAssignmentsOptions) {
    this.#options = options
  }

  /** False while there are topics whose partitions are not known yet. */
  get isComplete(): boolean {
    return [...this.#whole.values()].every(({ taken }) => taken !== undefined)
  }

  /** Replaces what is assigned; partitions that stay go on undisturbed, with the end they are given now. */
  set(assignments: readonly ResolvedAssignment[]): void {
    const { subscription, ends } = this.#options
    this.#single = new Map(
      assignments.flatMap((one) => (one.partition === undefined ? [] : [[keyOf(one, one.partition), one]])),
    )
    this.#whole = new Map(
      assignments
        .filter(({ partition }) => partition === undefined)
        .map((assignment) => [assignment.topic.name, { assignment, taken: undefined }]),
    )
    const gone = subscription.all().filter((state) => this.#assignmentOf(state) === undefined)
    ends.remove(gone)
    subscription.remove(gone)
    subscription.define(assignments.map(({ topic }) => topic))
    this.#add(
      [...this.#single.values()].map(({ topic, partition = 0 }) => ({ topic: topic.name, partition })),
      false,
    )
    for (const topic of this.#whole.values()) this.#take(topic)
    this.#endWatch ??= this.#options.cluster.metadata.onUpdate(() => {
      for (const topic of this.#whole.values()) if (topic.taken !== undefined) this.#take(topic)
    })
  }

  /** Where reading starts, when that was said for the partition. */
  startFromOf(state: PartitionState): StartFrom | undefined {
    return this.#assignmentOf(state)?.startFrom
  }

  #assignmentOf({ topic, partition }: PartitionState): ResolvedAssignment | undefined {
    return this.#single.get(formatTopicPartition({ topic, partition })) ?? this.#whole.get(topic)?.assignment
  }

  #untilOf(state: PartitionState): ReadUntil | undefined {
    return this.#assignmentOf(state)?.until ?? this.#options.until
  }

  /** Takes the partitions that a topic has, or has got since. What has an end is what was there at the start. */
  #take(whole: WholeTopic): void {
    const { name } = whole.assignment.topic
    const known = this.#options.cluster.metadata.topic(name)
    if (known === undefined) {
      if (whole.taken === undefined) void this.#learn(whole)
      return
    }
    const { taken } = whole
    const isGrowth = taken !== undefined
    if (isGrowth && (whole.assignment.until ?? this.#options.until) !== undefined) return
    const count = known.partitions.length
    whole.taken = count
    const added = Array.from({ length: Math.max(0, count - (taken ?? 0)) }, (_, index) => ({
      topic: name,
      partition: index + (taken ?? 0),
    })).filter((one) => !this.#single.has(formatTopicPartition(one)))
    this.#add(added, isGrowth)
  }

  #add(partitions: readonly { topic: string; partition: number }[], areNew: boolean): void {
    if (partitions.length === 0) return
    const { subscription, ends, onAdded } = this.#options
    const states = partitions.map(({ topic, partition }) => {
      const known = subscription.get(topic, partition)
      if (known !== undefined) return known
      const state = subscription.add({ topic, partition })
      state.isNewlyCreated = areNew
      state.locate(undefined)
      return state
    })
    ends.set(states, (state) => this.#untilOf(state))
    onAdded()
  }

  /** Tries again what failed before. */
  retry(): void {
    this.#options.ends.retry()
    for (const topic of this.#whole.values()) if (topic.taken === undefined) this.#take(topic)
  }

  async #learn(whole: WholeTopic): Promise<void> {
    if (this.#learning.has(whole)) return
    const { cluster, timeoutMs, allowAutoTopicCreation, onFailed } = this.#options
    const { name } = whole.assignment.topic
    this.#learning.add(whole)
    try {
      const deadline = new Deadline(
        cluster.clock,
        `the look-up of topic ${name}`,
        timeoutMs,
        this.#abort.signal,
      )
      await cluster.metadata.requireTopics([name], deadline, { allowAutoTopicCreation })
      if (this.#whole.get(name) === whole) this.#take(whole)
    } catch (error) {
      if (this.#abort.signal.aborted || this.#whole.get(name) !== whole) return
      onFailed(KafkaError.from(error, 'The partitions of a topic could not be found', { topic: name }))
    } finally {
      this.#learning.delete(whole)
    }
  }

  close(): void {
    this.#abort.abort()
    this.#endWatch?.()
  }
}

function keyOf({ topic }: ResolvedAssignment, partition: number): string {
  return formatTopicPartition({ topic: topic.name, partition })
}
