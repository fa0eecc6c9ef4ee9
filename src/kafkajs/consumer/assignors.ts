import type {
  AssignableTopic,
  AssignorName,
  GroupMember as CoreMember,
  MemberAssignment as CoreAssignment,
  PartitionAssignor,
  TopicPartition,
} from '../../index'
import type { PartitionAssigner } from '../types/consumer'
import { customAssignor, type AssignmentListener, type CustomAssignorParts } from './custom-assignor'
import { builtInAssigners, PartitionAssigners } from './partition-assigners'

/**
 * The assignors of a consumer. KafkaJS's round robin is offered under the name that other clients know and, behind it,
 * under KafkaJS's own, so that a group goes over to us one member at a time.
 */
export function assignorsOf(
  assigners: readonly PartitionAssigner[],
  parts: CustomAssignorParts,
  listener: AssignmentListener,
): (AssignorName | PartitionAssignor)[] {
  return assigners.flatMap((assigner) => {
    if (assigner === PartitionAssigners.roundRobin) {
      return ['roundrobin', 'RoundRobinAssigner'].map((name) => roundRobinAssignor(name, listener))
    }
    return [builtInAssigners.get(assigner) ?? customAssignor(assigner, parts, listener)]
  })
}

/** Deals partitions out in turn to the members, by their ids, that subscribe to their topics; as Java's does. */
function roundRobinAssignor(name: string, listener: AssignmentListener): PartitionAssignor {
  return {
    name,
    supportedProtocols: ['eager'],
    assign: dealOut,
    onAssignment: (assignment, generationId) => listener.onAssigned(assignment, generationId),
  }
}

function dealOut(
  members: readonly CoreMember[],
  topics: readonly AssignableTopic[],
): ReadonlyMap<string, CoreAssignment> {
  const sorted = [...members].sort((one, other) => (one.memberId < other.memberId ? -1 : 1))
  const dealt = new Map<string, TopicPartition[]>(sorted.map(({ memberId }) => [memberId, []]))
  let turn = 0
  for (const { name, partitionCount } of [...topics].sort((one, other) => (one.name < other.name ? -1 : 1))) {
    if (!sorted.some(({ topics: wanted }) => wanted.includes(name))) continue
    for (let partition = 0; partition < partitionCount; partition++) {
      while (sorted[turn % sorted.length]?.topics.includes(name) === false) turn++
      const { memberId } = sorted[turn++ % sorted.length] as CoreMember
      dealt.get(memberId)?.push({ topic: name, partition })
    }
  }
  return new Map([...dealt].map(([memberId, partitions]) => [memberId, { partitions }]))
}
