import { formatTopicPartition, type TopicPartition } from '../../../base/topic-partition'
import type { GroupMember, PartitionAssignor } from '../partition-assignor'
import { assignSticky, type StickyAssignment } from './sticky-assignment'
import type { Claim } from './sticky-group'
import { decodeCooperativeUserData, encodeCooperativeUserData } from './sticky-user-data'

/**
 * `cooperative-sticky` (KIP-429): as `sticky`, but members go on with what they keep. A partition that moves is
 * left out of the first rebalance, in which its owner gives it up, and given to its new owner in the next.
 */
export function cooperativeStickyAssignor(): PartitionAssignor {
  return {
    name: 'cooperative-sticky',
    supportedProtocols: ['cooperative', 'eager'],
    userData: ({ generationId }) => encodeCooperativeUserData(generationId),
    assign(members, topics) {
      const result = assignSticky(members, topics, claimOf)
      const moving = movingPartitions(members, result)
      return new Map(
        [...result.assignment].map(([memberId, partitions]) => [
          memberId,
          { partitions: partitions.filter((partition) => !moving.has(partition)) },
        ]),
      )
    },
  }
}

function claimOf(member: GroupMember): Claim {
  const generationId =
    member.generationId >= 0 ? member.generationId : decodeCooperativeUserData(member.userData)
  return { partitions: member.ownedPartitions, generationId }
}

/** Partitions that another member still owns while their new owner is already decided. */
function movingPartitions(members: readonly GroupMember[], result: StickyAssignment): Set<TopicPartition> {
  const moving = new Set(result.transferring)
  const claimedBy = new Map<string, string[]>()
  for (const member of members) {
    for (const partition of member.ownedPartitions) {
      const key = formatTopicPartition(partition)
      const claimants = claimedBy.get(key)
      if (claimants) claimants.push(member.memberId)
      else claimedBy.set(key, [member.memberId])
    }
  }
  for (const [memberId, partitions] of result.assignment) {
    for (const partition of partitions) {
      const claimants = claimedBy.get(formatTopicPartition(partition)) ?? []
      if (claimants.length > 0 && !claimants.includes(memberId)) moving.add(partition)
    }
  }
  return moving
}
