import type {
  AssignableTopic,
  AssignorName,
  GroupMember as CoreMember,
  MemberAssignment as CoreAssignment,
  PartitionAssignor,
  TopicPartition,
} from '../../index'
import { KafkaJSNotImplemented } from '../errors/non-retriable-errors'
import type { Cluster } from '../types/cluster'
import type { Assigner, PartitionAssigner } from '../types/consumer'
import type { Logger } from '../types/logger'
import { AssignerProtocol } from '../group/assigner-protocol'
import { builtInAssigners, PartitionAssigners } from './partition-assigners'

/** What is told of an assignment that this member got. */
export interface AssignmentListener {
  onAssigned(assignment: CoreAssignment, generationId: number): void
}

/**
 * The assignors of a consumer. KafkaJS's round robin is offered under the name that other clients know and, behind it,
 * under KafkaJS's own, so that a group goes over to us one member at a time.
 */
export function assignorsOf(
  assigners: readonly PartitionAssigner[],
  config: { readonly groupId: string; readonly logger: Logger },
  listener: AssignmentListener,
): (AssignorName | PartitionAssignor)[] {
  return assigners.flatMap((assigner) => {
    if (assigner === PartitionAssigners.roundRobin) {
      return ['roundrobin', 'RoundRobinAssigner'].map((name) => roundRobinAssignor(name, listener))
    }
    return [builtInAssigners.get(assigner) ?? customAssignor(assigner, config, listener)]
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

/** An assigner made for KafkaJS. */
function customAssignor(
  make: PartitionAssigner,
  config: { readonly groupId: string; readonly logger: Logger },
  listener: AssignmentListener,
): PartitionAssignor {
  let known: readonly AssignableTopic[] = []
  const assigner = make({ ...config, cluster: assignerCluster(() => known) })
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
      known = topics
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

/** What an assigner may ask: the partitions of the topics that are being divided. */
function assignerCluster(topics: () => readonly AssignableTopic[]): Cluster {
  const missing = (what: string) => (): never => {
    throw new KafkaJSNotImplemented(`cluster.${what} is not implemented for assigners`)
  }
  return {
    findTopicPartitionMetadata: (topic) => {
      const count = topics().find(({ name }) => name === topic)?.partitionCount ?? 0
      return Array.from({ length: count }, (_, partitionId) => ({
        partitionErrorCode: 0,
        partitionId,
        leader: -1,
        replicas: [],
        isr: [],
        offlineReplicas: [],
      }))
    },
    isConnected: () => true,
    connect: async () => {},
    disconnect: async () => {},
    refreshMetadata: async () => {},
    refreshMetadataIfNecessary: async () => {},
    addTargetTopic: async () => {},
    addMultipleTargetTopics: async () => {},
    defaultOffset: ({ fromBeginning }) => (fromBeginning ? -2 : -1),
    getNodeIds: missing('getNodeIds'),
    metadata: missing('metadata'),
    removeBroker: missing('removeBroker'),
    findBroker: missing('findBroker'),
    findControllerBroker: missing('findControllerBroker'),
    findLeaderForPartitions: missing('findLeaderForPartitions'),
    findGroupCoordinator: missing('findGroupCoordinator'),
    findGroupCoordinatorMetadata: missing('findGroupCoordinatorMetadata'),
    fetchTopicsOffset: missing('fetchTopicsOffset'),
  }
}
