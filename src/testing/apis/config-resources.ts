import { ConfigResourceType } from '../contracts/config-store'
import { fail } from '../contracts/kafka-failure'
import type { RequestContext } from '../contracts/api-handler'
import { clusterResource } from '../contracts/security'
import type { Services } from '../contracts/services'

/** What configs a request is about. */
export interface ConfigResource {
  readonly resourceType: number
  readonly resourceName: string
}

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
  switch (resourceType) {
    case ConfigResourceType.topic:
      if (authorizer.allows(context, operation, 'Topic', resourceName)) return
      throw fail('TOPIC_AUTHORIZATION_FAILED', 'Topic authorization failed.')
    case ConfigResourceType.group:
      if (authorizer.allows(context, operation, 'Group', resourceName)) return
      throw fail('GROUP_AUTHORIZATION_FAILED', 'Group authorization failed.')
    default: {
      if (authorizer.allows(context, operation, 'Cluster', clusterResource)) return
      // Log levels are altered by the broker itself, which has no words for it.
      const isSilent = resourceType === ConfigResourceType.brokerLogger && operation === 'AlterConfigs'
      throw fail('CLUSTER_AUTHORIZATION_FAILED', isSilent ? null : 'Cluster authorization failed.')
    }
  }
}

/** True for types that have configs. */
export function isConfigResource(type: number): boolean {
  return type !== ConfigResourceType.unknown && (Object.values(ConfigResourceType) as number[]).includes(type)
}
