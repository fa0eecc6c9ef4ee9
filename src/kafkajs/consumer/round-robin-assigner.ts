import type { PartitionAssigner } from '../types/consumer'
import type { Assignment } from '../types/group'
import { AssignerProtocol } from '../group/assigner-protocol'

/** Deals the partitions of all topics out in turn, to the members in the order of their ids. */
export const roundRobinAssigner: PartitionAssigner = ({ cluster }) => ({
  name: 'RoundRobinAssigner',
  version: 0,
  async assign({ members, topics }) {
    const memberIds = members.map(({ memberId }) => memberId).sort()
    const assignments = new Map<string, Assignment>()
    const partitions = topics.flatMap((topic) =>
      cluster.findTopicPartitionMetadata(topic).map(({ partitionId }) => ({ topic, partitionId })),
    )
    for (const [turn, { topic, partitionId }] of partitions.entries()) {
      const memberId = memberIds[turn % memberIds.length] as string
      const assignment: Assignment = assignments.get(memberId) ?? (Object.create(null) as Assignment)
      assignments.set(memberId, assignment)
      ;(assignment[topic] ??= []).push(partitionId)
    }
    return [...assignments].map(([memberId, assignment]) => ({
      memberId,
      memberAssignment: AssignerProtocol.MemberAssignment.encode({
        version: this.version,
        assignment,
        userData: Buffer.alloc(0),
      }),
    }))
  },
  protocol({ topics }) {
    const metadata = AssignerProtocol.MemberMetadata.encode({
      version: this.version,
      topics,
      userData: Buffer.alloc(0),
    })
    return { name: this.name, metadata }
  },
})
