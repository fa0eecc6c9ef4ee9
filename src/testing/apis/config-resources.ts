import type { ErrorCodeName } from '../../base/error-codes'
import { ConfigResourceType } from '../configs/config-store'
import { fail } from '../kafka-failure'
import type { RequestContext } from '../node/api-handler'
import { clusterResource } from '../security/security'
import type { Services } from '../services'

/** What configs a request is about. */
export interface ConfigResource {
  readonly resourceType: number
  readonly resourceName: string
}

/** The code that refuses somebody a kind of resource, with Kafka's words. */
const refusals: ReadonlyMap<number, readonly [ErrorCodeName, string]> = new Map([
  [ConfigResourceType.topic, ['TOPIC_AUTHORIZATION_FAILED', 'Topic authorization failed.'] as const],
  [ConfigResourceType.group, ['GROUP_AUTHORIZATION_FAILED', 'Group authorization failed.'] as const],
])

/**
 * Configs of topics and groups belong to those; all others to the cluster.
 * @throws TOPIC_AUTHORIZATION_FAILED, GROUP_AUTHORIZATION_FAILED, CLUSTER_AUTHORIZATION_FAILED
 */
export function authorizeConfigs(
  { authorizer }: Services,
  context: RequestContext,
  operation: 'DescribeConfigs' | 'AlterConfigs',
  { resourceType, resourceName }: ConfigResource,
): void {
  const isAllowed =
    resourceType === ConfigResourceType.topic
      ? authorizer.allows(context, operation, 'Topic', resourceName)
      : resourceType === ConfigResourceType.group
        ? authorizer.allows(context, operation, 'Group', resourceName)
        : authorizer.allows(context, operation, 'Cluster', clusterResource)
  if (isAllowed) return
  const refusal = refusals.get(resourceType) ?? [
    'CLUSTER_AUTHORIZATION_FAILED',
    'Cluster authorization failed.',
  ]
  throw fail(...(refusal as readonly [ErrorCodeName, string]))
}

/** True for types that have configs. */
export function isConfigResource(type: number): boolean {
  return type !== ConfigResourceType.unknown && (Object.values(ConfigResourceType) as number[]).includes(type)
}
