import type { RequestContext } from '../contracts/api-handler'
import { errorCodeOf, errorMessageOf, fail } from '../contracts/kafka-failure'
import type { Services } from '../contracts/services'
import { authorizeGroup } from './group-access'

/** The part of a heartbeat that says what is to be read; null for unchanged. */
interface Subscribing {
  readonly groupId: string
  readonly subscribedTopicNames: readonly string[] | null
}

/** Members of consumer and share groups may read the group, and know of the topics they name. */
export function authorizeHeartbeat(
  services: Services,
  { groupId, subscribedTopicNames }: Subscribing,
  context: RequestContext,
): void {
  authorizeGroup(services, context, 'Read', groupId)
  const names = subscribedTopicNames ?? []
  if (!names.every((name) => services.authorizer.allows(context, 'Describe', 'Topic', name))) {
    throw fail('TOPIC_AUTHORIZATION_FAILED')
  }
}

/** What a member of a consumer or share group is refused with. */
export function refusedHeartbeat(error: unknown) {
  return {
    throttleTimeMs: 0,
    errorCode: errorCodeOf(error),
    errorMessage: errorMessageOf(error),
    memberEpoch: 0,
    heartbeatIntervalMs: 0,
  }
}
