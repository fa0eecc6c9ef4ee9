import type {
  Admin,
  AssignableTopic,
  GroupMember as CoreMember,
  MemberAssignment as CoreAssignment,
  PartitionAssignor,
} from '../../index'
import { AssignerProtocol } from '../group/assigner-protocol'
import type { Assigner, PartitionAssigner } from '../types/consumer'
import type { Logger } from '../types/logger'
import { assignerCluster, knownPartitions, type KnownPartitions } from './assigner-cluster'

/** What is told of an assignment that this member got. */
export interface AssignmentListener {
  onAssigned(assignment: CoreAssignment, generationId: number): void
}

/** What assigners of the program get, and what answers their questions. */
export interface CustomAssignorParts {
  readonly groupId: string
  readonly logger: Logger
  readonly admin: Pick<Admin, 'describeTopics'>
}

/** An assigner made for KafkaJS. */
export function customAssignor(
  make: PartitionAssigner,
  { groupId, logger, admin }: CustomAssignorParts,
  listener: AssignmentListener,
): PartitionAssignor {
  let known: KnownPartitions = new Map()
  const cluster = assignerCluster((topic) => known.get(topic) ?? [])
  const assigner = make({ groupId, logger, cluster })
  const { name } = assigner.protocol({ topics: [] })
  return {
    name,
    supportedProtocols: ['eager'],
    userData: ({ topics }) =>
      AssignerProtocol.MemberMetadata.decode(assigner.protocol({ topics: [...topics] }).metadata)?.userData ??
      null,
    // Never called: the one below is called instead.
    assign: () => new Map(),
    assignAsync: async (members, topics) => {
      known = await knownPartitions(admin, topics)
      return await assignBy(assigner, members, topics)
    },
    onAssignment: (assignment, generationId) => listener.onAssigned(assignment, generationId),
  }
}

async function assignBy(
  assigner: Assigner,
  members: readonly CoreMember[],
  topics: readonly AssignableTopic[],
): Promise<ReadonlyMap<string, CoreAssignment>> {
  const assigned = await assigner.assign({
    members: members.map(({ memberId, topics: ofMember, userData }) => ({
      memberId,
      memberMetadata: AssignerProtocol.MemberMetadata.encode({
        version: 0,
        topics: [...ofMember],
        userData: Buffer.from(userData ?? []),
      }),
    })),
    topics: topics.map(({ name }) => name),
  })
  const wanted = new Map(members.map(({ memberId, topics: ofMember }) => [memberId, new Set(ofMember)]))
  return new Map(
    assigned.map(({ memberId, memberAssignment }) => {
      const decoded = AssignerProtocol.MemberAssignment.decode(memberAssignment)
      // Members of KafkaJS leave out what they did not ask for; our own leader takes it for a mistake.
      const partitions = Object.entries(decoded?.assignment ?? {}).flatMap(([topic, numbers]) =>
        wanted.get(memberId)?.has(topic) ? numbers.map((partition) => ({ topic, partition })) : [],
      )
      return [memberId, { partitions, userData: decoded?.userData ?? null }]
    }),
  )
}
