import type { Admin as CoreAdmin, ListedOffset, OffsetSpec } from '../../index'
import { KafkaJSNonRetriableError } from '../errors/kafkajs-error'
import type { Admin } from '../types/admin'
import type { FetchOffsetsPartition, SeekEntry } from '../types/metadata'
import { requireGroupId, requirePartitions, requireTopic, requireTopicsOfGroup } from './admin-checks'
import { type RunAdmin, unknownTopic } from './admin-session'

type OffsetOperations = Pick<
  Admin,
  'fetchTopicOffsets' | 'fetchTopicOffsetsByTimestamp' | 'fetchOffsets' | 'setOffsets' | 'resetOffsets'
>

/** What stands for the end of the log, and for its beginning. */
const latest = '-1'
const earliest = '-2'

/** What an admin does with offsets of topics and groups. */
export function offsetOperations(run: RunAdmin): OffsetOperations {
  return {
    fetchTopicOffsets: async (topic) => {
      requireTopic(topic)
      const [lows, highs] = await run((admin) => boundsOf(admin, topic), unknownTopic)
      return highs.map(({ partition, offset }, i) => {
        const high = text(offset)
        return { partition, offset: high, high, low: text(lows[i]?.offset ?? null) }
      })
    },

    fetchTopicOffsetsByTimestamp: async (topic, timestamp) => {
      requireTopic(topic)
      const at: OffsetSpec = timestamp === undefined ? 'latest' : { timestamp }
      const [found, ends] = await run(async (admin) => {
        const partitions = await partitionsOf(admin, topic)
        return [
          await offsetsAt(admin, topic, partitions, at),
          await offsetsAt(admin, topic, partitions, 'latest'),
        ]
      }, unknownTopic)
      return found.map(({ partition, offset }, i) => ({
        partition,
        offset: text(offset ?? ends[i]?.offset ?? null),
      }))
    },

    fetchOffsets: async ({ groupId, topics = [], resolveOffsets = false }) => {
      requireGroupId(groupId)
      requireTopicsOfGroup(topics)
      return await run(async (admin) => {
        const committed = await committedOffsets(admin, groupId, topics)
        if (resolveOffsets) await resolveAll(admin, groupId, committed)
        return committed
      })
    },

    setOffsets: async ({ groupId, topic, partitions }) => {
      requireGroupId(groupId)
      requireTopic(topic)
      requirePartitions(partitions)
      await run(async (admin) => {
        await requireNoMembers(admin, groupId)
        await alterOffsets(admin, groupId, topic, partitions)
      })
    },

    resetOffsets: async ({ groupId, topic, earliest: fromBeginning = false }) => {
      requireGroupId(groupId)
      requireTopic(topic)
      const offset = fromBeginning ? earliest : latest
      await run(async (admin) => {
        await requireNoMembers(admin, groupId)
        const partitions = await partitionsOf(admin, topic)
        await alterOffsets(
          admin,
          groupId,
          topic,
          partitions.map((partition) => ({ partition, offset })),
        )
      })
    },
  }
}

const text = (offset: bigint | null): string => (offset ?? -1n).toString()

async function partitionsOf(admin: CoreAdmin, topic: string): Promise<number[]> {
  const [described] = await admin.describeTopics([topic])
  return (described?.partitions ?? []).map(({ partition }) => partition)
}

async function offsetsAt(
  admin: CoreAdmin,
  topic: string,
  partitions: readonly number[],
  at: OffsetSpec,
): Promise<ListedOffset[]> {
  return await admin.listOffsets(partitions.map((partition) => ({ topic, partition, at })))
}

async function boundsOf(admin: CoreAdmin, topic: string): Promise<[ListedOffset[], ListedOffset[]]> {
  const partitions = await partitionsOf(admin, topic)
  return await Promise.all([
    offsetsAt(admin, topic, partitions, 'earliest'),
    offsetsAt(admin, topic, partitions, 'latest'),
  ])
}

interface TopicCommits {
  topic: string
  partitions: FetchOffsetsPartition[]
}

/** Of the topics, or of all that the group has committed. */
async function committedOffsets(
  admin: CoreAdmin,
  groupId: string,
  topics: readonly string[],
): Promise<TopicCommits[]> {
  const byTopic = new Map<string, FetchOffsetsPartition[]>(topics.map((topic) => [topic, []]))
  const partitions =
    topics.length === 0
      ? undefined
      : (await admin.describeTopics(topics)).flatMap(({ name, partitions: all }) =>
          all.map(({ partition }) => ({ topic: name, partition })),
        )
  const [group] = await admin.listGroupOffsets([{ groupId, ...(partitions && { partitions }) }])
  for (const { topic, partition, offset, metadata } of group?.offsets ?? []) {
    const known = byTopic.get(topic) ?? []
    byTopic.set(topic, known)
    known.push({ partition, offset: text(offset), metadata: metadata === '' ? null : metadata })
  }
  return [...byTopic].map(([topic, found]) => ({ topic, partitions: found }))
}

/** Puts real offsets where there are none, and commits them. */
async function resolveAll(admin: CoreAdmin, groupId: string, topics: readonly TopicCommits[]): Promise<void> {
  for (const { topic, partitions } of topics) {
    const open = partitions.filter(({ offset }) => offset === latest || offset === earliest)
    const resolved = await alterOffsets(admin, groupId, topic, open)
    for (const [i, partition] of open.entries()) partition.offset = resolved[i] as string
  }
}

/** Answers with the offsets as they were committed: `'-1'` and `'-2'` are looked up. */
async function alterOffsets(
  admin: CoreAdmin,
  groupId: string,
  topic: string,
  entries: readonly SeekEntry[],
): Promise<string[]> {
  if (entries.length === 0) return []
  const sought = entries.filter(({ offset }) => offset === latest || offset === earliest)
  const found = new Map<number, bigint>()
  if (sought.length > 0) {
    const listed = await admin.listOffsets(
      sought.map(({ partition, offset }) => ({
        topic,
        partition,
        at: offset === latest ? ('latest' as const) : ('earliest' as const),
      })),
    )
    for (const { partition, offset } of listed) found.set(partition, offset ?? 0n)
  }
  const offsets = entries.map(({ partition, offset }) => ({
    groupId,
    topic,
    partition,
    offset: found.get(partition) ?? BigInt(offset),
  }))
  await admin.alterGroupOffsets(offsets)
  return offsets.map(({ offset }) => offset.toString())
}

/** @throws KafkaJSNonRetriableError when the group has members, which would not learn of new offsets */
async function requireNoMembers(admin: CoreAdmin, groupId: string): Promise<void> {
  const [result] = await admin.describeGroups([groupId], { partial: true })
  if (result === undefined || result.error?.code === 'GROUP_ID_NOT_FOUND') return
  if (result.error !== null) throw result.error
  if (result.state === 'Empty' || result.state === 'Dead') return
  throw new KafkaJSNonRetriableError(
    `The consumer group must have no running instances, current state: ${result.state}`,
  )
}
