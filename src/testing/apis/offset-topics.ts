import type { Topic } from '../cluster/topics'
import { fail } from '../kafka-failure'
import type { RequestContext } from '../node/api-handler'
import type { AclOperation } from '../security/security'
import type { Services } from '../services'

/** A topic as requests about offsets name it: by id where the version has ids, else by name. */
export interface NamedTopic {
  readonly name: string
  readonly topicId: string
}

/**
 * The topic that offsets are committed for.
 * @throws UNKNOWN_TOPIC_ID, UNKNOWN_TOPIC_OR_PARTITION, TOPIC_AUTHORIZATION_FAILED
 */
export function requireTopic(
  services: Services,
  context: RequestContext,
  named: NamedTopic,
  isById: boolean,
): Topic {
  const name = topicName(services, context, 'Read', named, isById)
  const topic = services.topics.byName(name)
  if (topic === undefined) throw fail('UNKNOWN_TOPIC_OR_PARTITION')
  return topic
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
