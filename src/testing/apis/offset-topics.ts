import { ErrorCode } from '../../base/error-codes'
import type { Topic } from '../contracts/topics'
import { fail } from '../contracts/kafka-failure'
import type { RequestContext } from '../contracts/api-handler'
import type { AclOperation } from '../contracts/security'
import type { Services } from '../contracts/services'
import { refusalCode } from './group-access'

/** A topic as requests about offsets name it: by id where the version has ids, else by name. */
export interface NamedTopic {
  readonly name: string
  readonly topicId: string
}

/** A topic of a request, and what may be done with it: the topic, or the code it is refused with. */
export interface AskedTopic<Asked> {
  readonly asked: Asked
  readonly found: Topic | number
}

/** Looks up the topics whose offsets are to be committed or deleted. Each is refused by itself. */
export function findTopics<Asked extends { readonly name: string; readonly topicId?: string }>(
  services: Services,
  context: RequestContext,
  topics: readonly Asked[],
  isById = false,
): AskedTopic<Asked>[] {
  return topics.map((asked) => {
    try {
      const named = { name: asked.name, topicId: asked.topicId ?? '' }
      const topic = services.topics.byName(topicName(services, context, 'Read', named, isById))
      return { asked, found: topic ?? ErrorCode.UNKNOWN_TOPIC_OR_PARTITION }
    } catch (error) {
      return { asked, found: refusalCode(services, error) }
    }
  })
}

/** The code that a partition is refused with before the group is asked; NONE for one that exists. */
export function partitionCode(found: Topic | number, partitionIndex: number): number {
  if (typeof found === 'number') return found
  const exists = found.partitions[partitionIndex] !== undefined
  return exists ? ErrorCode.NONE : ErrorCode.UNKNOWN_TOPIC_OR_PARTITION
}

/** True when there is a partition to ask the group for. */
export function isAnyPartition(
  topics: readonly AskedTopic<{ readonly partitions: readonly { readonly partitionIndex: number }[] }>[],
): boolean {
  return topics.some(({ asked, found }) =>
    asked.partitions.some((partition) => partitionCode(found, partition.partitionIndex) === ErrorCode.NONE),
  )
}

/**
 * The name of a topic that need not exist any more, if it is asked for by name.
 * @throws UNKNOWN_TOPIC_ID, TOPIC_AUTHORIZATION_FAILED
 */
export function topicName(
  services: Services,
  context: RequestContext,
  operation: AclOperation,
  named: NamedTopic,
  isById: boolean,
): string {
  const name = isById ? services.topics.byId(named.topicId)?.name : named.name
  if (name === undefined) throw fail('UNKNOWN_TOPIC_ID')
  if (!services.authorizer.allows(context, operation, 'Topic', name)) throw fail('TOPIC_AUTHORIZATION_FAILED')
  return name
}
