import { KafkaError } from '../../base/errors'
import { formatTopicPartition, type TopicPartition } from '../../base/topic-partition'
import type { Cluster } from '../../cluster/cluster'
import type { TopicMetadata } from '../../cluster/metadata'
import { Deadline } from '../../base/deadline'
import type {
  AssignableTopic,
  GroupMember,
  MemberAssignment,
  PartitionAssignor,
} from '../assignors/partition-assignor'
import { AwaitedTopics } from '../../group/awaited-topics'

/** How long the leader waits for fresh metadata before it divides what it knows. */
const metadataWaitMs = 5_000

/**
 * What only the leader of a group does: divides the partitions of all members' topics, and watches those topics, so
 * that new partitions and topics are given out too (G13). A topic that does not exist yet is left out for now; the
 * watch finds it later.
 */
export class GroupLeader {
  readonly #cluster: Cluster
  readonly #onChange: (what: string) => void
  readonly #isRackAware: boolean
  /** The topics as the last assignment saw them; undefined while this member does not lead. */
  #divided: Map<string, AssignableTopic | undefined> | undefined
  #endWatch: (() => void) | undefined
  readonly #awaited: AwaitedTopics

  /**
   * @param isRackAware whether this member has a rack: as in Java, the leader then watches the racks of replicas too (KIP-881)
   * @param onChange called when the topics no longer are what was divided
   * @param onRefused called when a broker refuses to tell of a topic; it is left out, and asked for again
   */
  constructor(
    cluster: Cluster,
    allowAutoTopicCreation: boolean,
    isRackAware: boolean,
    onChange: (what: string) => void,
    onRefused: (topic: string, error: KafkaError) => void,
  ) {
    this.#cluster = cluster
    this.#awaited = new AwaitedTopics(cluster, allowAutoTopicCreation, () => this.#compare(), onRefused)
    this.#isRackAware = isRackAware
    this.#onChange = onChange
  }

  /** Divides and begins to watch. Throws what the assignor throws, or that its assignment can't be used. */
  async assign(
    assignor: PartitionAssignor,
    members: readonly GroupMember[],
  ): Promise<ReadonlyMap<string, MemberAssignment>> {
    const names = [...new Set(members.flatMap((member) => member.topics))]
    await this.#learn(names)
    const topics = names.flatMap((name) => assignable(this.#cluster, name) ?? [])
    const divided = (await assignor.assignAsync?.(members, topics)) ?? assignor.assign(members, topics)
    const assignment = withoutMoving(members, divided)
    checkAssignment(assignor, members, assignment)
    this.#watchFor(names, topics)
    return assignment
  }

  /** Watches topics whose assignment stands as it is: this member led before it was restarted (KIP-345). */
  async watch(names: readonly string[]): Promise<void> {
    // First learn them: what is merely not known yet would look like a change later.
    await this.#learn(names)
    this.#watchFor(
      names,
      names.flatMap((name) => assignable(this.#cluster, name) ?? []),
    )
  }

  #watchFor(names: readonly string[], topics: readonly AssignableTopic[]): void {
    const found = new Map(topics.map((topic) => [topic.name, topic]))
    this.#divided = new Map(names.map((name) => [name, found.get(name)]))
    this.#endWatch ??= this.#cluster.metadata.onUpdate(() => this.#compare())
    this.#awaited.set(names)
  }

  /** Compares now: an update may have come between the division and the end of the rebalance. */
  check(): void {
    this.#compare()
  }

  stop(): void {
    this.#endWatch?.()
    this.#endWatch = undefined
    this.#divided = undefined
    this.#awaited.set([])
  }

  /** Asks for all topics and waits for one answer, not for topics that do not exist. */
  async #learn(names: readonly string[]): Promise<void> {
    const { clock, metadata, logger } = this.#cluster
    this.#awaited.set(names)
    if (this.#awaited.size === 0) return
    try {
      await metadata.refresh(new Deadline(clock, 'group assignment', metadataWaitMs))
    } catch (error) {
      logger.warn('No fresh metadata for the assignment; going on with what is known', { error })
    }
    const missing = names.filter((name) => metadata.topic(name) === undefined)
    if (missing.length > 0)
      logger.warn('Subscribed topics do not exist, or may not be seen', { topics: missing })
  }

  #compare(): void {
    for (const [name, before] of this.#divided ?? []) {
      const change = this.#changeOf(name, before)
      if (change === undefined) continue
      this.#divided = undefined
      this.#onChange(`topic ${name} ${change}`)
      return
    }
  }

  #changeOf(name: string, before: AssignableTopic | undefined): string | undefined {
    const { metadata } = this.#cluster
    const topic = metadata.topic(name)
    const now = topic?.partitions.length ?? 0
    const then = before?.partitionCount ?? 0
    if (now !== then) return `has ${now} partitions, ${then} were assigned`
    if (!this.#isRackAware || topic === undefined) return undefined
    const known = new Set(metadata.brokers().map(({ nodeId }) => nodeId))
    // The rack of a broker that is away is not known, and has not changed.
    if (topic.partitions.some(({ replicas }) => replicas.some((replica) => !known.has(replica))))
      return undefined
    const { racks } = racksOf(this.#cluster, topic)
    return sameRacks(before?.racks, racks)
      ? undefined
      : 'has replicas in other racks than when it was assigned'
  }
}

function sameRacks(a: AssignableTopic['racks'], b: AssignableTopic['racks']): boolean {
  const textOf = (racks: AssignableTopic['racks']) => JSON.stringify(racks?.map((some) => [...some].sort()))
  return textOf(a) === textOf(b)
}

function assignable(cluster: Cluster, name: string): AssignableTopic | undefined {
  const topic = cluster.metadata.topic(name)
  return topic === undefined
    ? undefined
    : { name, partitionCount: topic.partitions.length, ...racksOf(cluster, topic) }
}

function racksOf(cluster: Cluster, topic: TopicMetadata): Pick<AssignableTopic, 'racks'> {
  const racks = new Map(cluster.metadata.brokers().map((broker) => [broker.nodeId, broker.rack]))
  if (![...racks.values()].some((rack) => rack !== null)) return {}
  return {
    racks: topic.partitions.map((partition) => [
      ...new Set(partition.replicas.flatMap((replica) => racks.get(replica) ?? [])),
    ]),
  }
}

/**
 * Leaves out what another member still owns: it gives the partition up now and joins again, and only then may the new
 * owner have it (KIP-429). Members that rebalance eagerly own nothing when they join.
 */
function withoutMoving(
  members: readonly GroupMember[],
  assignment: ReadonlyMap<string, MemberAssignment>,
): ReadonlyMap<string, MemberAssignment> {
  const owners = new Map<string, Set<string>>()
  for (const { memberId, ownedPartitions } of members) {
    for (const partition of ownedPartitions) {
      const name = formatTopicPartition(partition)
      owners.set(name, (owners.get(name) ?? new Set()).add(memberId))
    }
  }
  const isFree = (partition: TopicPartition, memberId: string) =>
    owners.get(formatTopicPartition(partition))?.has(memberId) ?? true
  return new Map(
    [...assignment].map(([memberId, given]) => [
      memberId,
      { ...given, partitions: given.partitions.filter((partition) => isFree(partition, memberId)) },
    ]),
  )
}

/** Guards the group against an assignor that gives a partition to two members, or to one that does not want it. */
function checkAssignment(
  assignor: PartitionAssignor,
  members: readonly GroupMember[],
  assignment: ReadonlyMap<string, MemberAssignment>,
): void {
  const topicsOf = new Map(members.map((member) => [member.memberId, new Set(member.topics)]))
  const takenBy = new Map<string, string>()
  const refuse = (what: string) => {
    throw new KafkaError('INVALID_ASSIGNMENT', `Assignor '${assignor.name}' ${what}`)
  }
  for (const [memberId, { partitions }] of assignment) {
    for (const topicPartition of partitions) {
      const name = formatTopicPartition(topicPartition)
      const other = takenBy.get(name)
      if (other !== undefined) refuse(`gave ${name} to '${other}' and to '${memberId}'`)
      if (!topicsOf.get(memberId)?.has(topicPartition.topic)) {
        refuse(`gave ${name} to '${memberId}', which does not subscribe to it`)
      }
      takenBy.set(name, memberId)
    }
  }
}
