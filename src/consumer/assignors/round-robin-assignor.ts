import type { TopicPartition } from '../../base/topic-partition'
import { compareMembers, compareText } from './assignment-order'
import type { AssignableTopic, GroupMember, MemberAssignment, PartitionAssignor } from './partition-assignor'

/** `roundrobin`: all partitions of all topics in turn over the sorted members; who does not subscribe is passed over. */
export function roundRobinAssignor(): PartitionAssignor {
  return { name: 'roundrobin', supportedProtocols: ['eager'], assign: assignRoundRobin }
}

function assignRoundRobin(
  members: readonly GroupMember[],
  topics: readonly AssignableTopic[],
): ReadonlyMap<string, MemberAssignment> {
  const turns = [...members]
    .sort(compareMembers)
    .map((member) => ({ topics: new Set(member.topics), partitions: [] as TopicPartition[], member }))
  let turn = 0
  for (const topic of [...topics].sort((a, b) => compareText(a.name, b.name))) {
    if (!turns.some((candidate) => candidate.topics.has(topic.name))) continue
    for (let partition = 0; partition < topic.partitionCount; partition++) {
      while (!turns[turn % turns.length]?.topics.has(topic.name)) turn++
      turns[turn++ % turns.length]?.partitions.push({ topic: topic.name, partition })
    }
  }
  return new Map(turns.map(({ member, partitions }) => [member.memberId, { partitions }]))
}
