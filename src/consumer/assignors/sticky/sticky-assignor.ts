import type { PartitionAssignor } from '../partition-assignor'
import { assignSticky } from './sticky-assignment'
import { decodeStickyUserData, encodeStickyUserData } from './sticky-user-data'

/**
 * `sticky`: balanced, and each member keeps as much as possible of what it had. All partitions are still given up
 * during a rebalance; `cooperative-sticky` does without that.
 */
export function stickyAssignor(): PartitionAssignor {
  return {
    name: 'sticky',
    supportedProtocols: ['eager'],
    userData: ({ ownedPartitions, generationId }) =>
      generationId < 0 ? null : encodeStickyUserData(ownedPartitions, generationId),
    assign(members, topics) {
      // The subscription says nothing of what an eager member owned: it has given up everything by then.
      const { assignment } = assignSticky(members, topics, (member) => decodeStickyUserData(member.userData))
      return new Map([...assignment].map(([memberId, partitions]) => [memberId, { partitions }]))
    },
  }
}
