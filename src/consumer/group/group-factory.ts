import type { Cluster } from '../../cluster/cluster'
import { type AnyMembershipOptions, createMembership } from './create-membership'
import type { GroupListener, GroupMembership, GroupOffsets } from './group-membership'
import { ManualGroupOffsets } from './manual-group-offsets'

/** Makes the parts of a consumer that speak for a group; tests pass their own. */
export interface GroupFactory {
  membership(cluster: Cluster, options: AnyMembershipOptions, listener: GroupListener): GroupMembership
  offsets(cluster: Cluster, groupId: string): GroupOffsets
}

/** Members of groups on brokers. */
export const groupFactory: GroupFactory = {
  membership: createMembership,
  offsets: (cluster, groupId) => new ManualGroupOffsets(cluster, groupId),
}
