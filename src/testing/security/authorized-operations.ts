import { aclOperations } from './acl'
import type { AclOperation, AclResource } from '../contracts/security'

const ofTopic: readonly AclOperation[] = [
  'Read',
  'Write',
  'Create',
  'Describe',
  'Delete',
  'Alter',
  'DescribeConfigs',
  'AlterConfigs',
]

const ofCluster: readonly AclOperation[] = [
  'Create',
  'ClusterAction',
  'DescribeConfigs',
  'AlterConfigs',
  'IdempotentWrite',
  'Alter',
  'Describe',
]

/** Which operations there are on a resource. Groups have configs since Kafka 4.0. */
function supportedOperations(resource: AclResource, major: number): readonly AclOperation[] {
  const hasGroupConfigs = major >= 4
  switch (resource) {
    case 'Topic':
      return ofTopic
    case 'Group':
      return hasGroupConfigs
        ? ['Read', 'Describe', 'Delete', 'DescribeConfigs', 'AlterConfigs']
        : ['Read', 'Describe', 'Delete']
    case 'Cluster':
      return ofCluster
    case 'TransactionalId':
      return ['Describe', 'Write']
    case 'DelegationToken':
      return ['Describe']
    case 'User':
      return ['CreateTokens', 'DescribeTokens']
  }
}

/**
 * The bit field of KIP-430: one bit for each operation that there is on the resource and that `isAllowed`.
 * @param release the name of the Kafka the cluster looks like, such as `4.3`
 */
export function operationsField(
  resource: AclResource,
  release: string,
  isAllowed: (operation: AclOperation) => boolean,
): number {
  const major = Number.parseInt(release, 10)
  let field = 0
  for (const operation of supportedOperations(resource, major)) {
    if (isAllowed(operation)) field |= 1 << aclOperations[operation]
  }
  return field
}
