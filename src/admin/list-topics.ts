import * as z from 'zod/mini'
import { zeroUuid } from '../wire/primitives/uuid'
import type { AdminCall } from './admin-call'
import { callOptionFields, type AdminCallOptions } from './call-options'

/** One topic of a listing. */
export interface TopicListing {
  readonly name: string
  /** Null before Kafka 2.8. */
  readonly topicId: string | null
  readonly isInternal: boolean
  /** The number of its partitions. */
  readonly partitions: number
}

export interface ListTopicsOptions extends AdminCallOptions {
  /** Also Kafka's own topics, such as `__consumer_offsets`. Default: false. Kafka: `listInternal`. */
  readonly includeInternal?: boolean
}

/** The options of `listTopics` as they are checked. */
export const listTopicsOptions = z.lazy(() =>
  z.strictObject({
    ...callOptionFields,
    includeInternal: z._default(z.boolean(), false),
  }),
)

/** Kafka: `Admin.listTopics`, API Metadata, to any broker. Topics this client may not describe are not in it. */
export async function listTopics(
  call: AdminCall,
  options: z.output<typeof listTopicsOptions>,
): Promise<TopicListing[]> {
  const topics = await call.cluster.metadata.listTopics(call.deadline)
  return topics
    .filter(({ isInternal }) => options.includeInternal || !isInternal)
    .map(({ name, topicId, isInternal, partitions }) => ({
      name,
      topicId: topicId === zeroUuid ? null : topicId,
      isInternal,
      partitions: partitions.length,
    }))
    .sort((a, b) => (a.name < b.name ? -1 : a.name > b.name ? 1 : 0))
}
