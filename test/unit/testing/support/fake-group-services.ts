import type { BrokerNode } from '../../../../src/testing/cluster/brokers'
import type { Partition } from '../../../../src/testing/cluster/partition'
import type { Topic, TopicChange } from '../../../../src/testing/cluster/topics'
import { ClusterConfigs } from '../../../../src/testing/configs/cluster-configs'
import type { Group } from '../../../../src/testing/groups/group'
import { fail } from '../../../../src/testing/kafka-failure'
import type { RequestContext } from '../../../../src/testing/node/api-handler'
import { newUuid } from '../../../../src/testing/runtime'
import { anonymous } from '../../../../src/testing/security/principal'
import type { Services } from '../../../../src/testing/services'
import { FakeClock } from '../../support/fake-clock'

/** What the coordinators of consumer and share groups ask of a cluster, with little but names and numbers behind it. */
export class FakeGroupServices {
  readonly clock = new FakeClock()
  readonly configs: ClusterConfigs
  readonly groups = new Map<string, Group>()
  /** `Describe Topic secret` and the like. */
  readonly forbidden = new Set<string>()
  readonly random = seeded()
  readonly topics = new Map<string, Topic>()
  isCoordinator = true
  brokers: BrokerNode[] = [1, 2, 3].map((id) => fakeBroker(id, `rack-${id}`))
  readonly services: Services
  readonly #topicListeners = new Set<(change: TopicChange) => void>()
  readonly #brokerListeners = new Set<(broker: BrokerNode) => void>()

  constructor(configs: Readonly<Record<string, string>> = {}) {
    this.configs = new ClusterConfigs({ brokerCount: 3, configs })
    this.services = this.#build()
  }

  /** A topic of fake partitions, or of those given. */
  createTopic(name: string, partitions: number | readonly Partition[]): Topic {
    const id = typeof partitions === 'number' ? newUuid(this.random) : (partitions[0]?.topicId ?? '')
    const list = typeof partitions === 'number' ? fakePartitions(name, id, partitions) : partitions
    return this.#put('created', { name, id, isInternal: false, partitions: list, createdAt: 0 })
  }

  addPartitions(name: string, count: number): void {
    const topic = this.topics.get(name) as Topic
    this.#put('partitions-added', { ...topic, partitions: fakePartitions(name, topic.id, count) })
  }

  deleteTopic(name: string): void {
    const topic = this.topics.get(name) as Topic
    this.topics.delete(name)
    for (const listener of this.#topicListeners) listener({ kind: 'deleted', topic })
  }

  moveRack(brokerId: number, rack: string): void {
    this.brokers = this.brokers.map((broker) => (broker.id === brokerId ? { ...broker, rack } : broker))
    for (const listener of this.#brokerListeners) listener(this.brokers[0] as BrokerNode)
  }

  /** The coordinator of all groups moves. */
  moveCoordinator(): void {
    for (const group of this.groups.values()) group.coordinatorMoved()
  }

  /** A request from a connection; those of one number are of one connection. */
  context(
    apiVersion: number,
    from: { connection?: number; ended?: AbortSignal; broker?: number } = {},
  ): RequestContext {
    const { connection = 1, ended = new AbortController().signal, broker = 1 } = from
    return {
      broker: this.brokers.find(({ id }) => id === broker) as BrokerNode,
      session: {
        id: connection,
        principal: anonymous,
        clientHost: '127.0.0.1',
        softwareName: 'unknown',
        softwareVersion: 'unknown',
        ended,
      },
      apiVersion,
      clientId: 'a-client',
      throttleMs: 0,
    }
  }

  #put(kind: TopicChange['kind'], topic: Topic): Topic {
    this.topics.set(topic.name, topic)
    for (const listener of this.#topicListeners) listener({ kind, topic })
    return topic
  }

  #build(): Services {
    const { clock, random, configs } = this
    const silent = { debug() {}, info() {}, warn() {}, error() {} }
    return {
      runtime: { clock, random, logger: silent },
      clusterId: 'a-cluster',
      release: { name: '4.3', versionsOf: () => undefined, features },
      configs,
      brokers: this.#brokersService(),
      topics: this.#topicsService(),
      coordinators: this.#coordinatorsService(),
      groups: this.#groupsService(),
      authorizer: {
        allows: (_context, operation, resource, name) =>
          !this.forbidden.has(`${operation} ${resource} ${name}`),
        allowsAny: () => true,
        authorizedOperations: () => 8,
      },
      quotas: { record: () => 0 },
      get offsets() {
        return refuse()
      },
      get transactions() {
        return refuse()
      },
    }
  }

  #topicsService(): Services['topics'] {
    const { topics } = this
    return {
      get all() {
        return topics.values()
      },
      byName: (name) => topics.get(name),
      byId: (id) => [...topics.values()].find((topic) => topic.id === id),
      partition: (name, index) => topics.get(name)?.partitions[index],
      create: refuse,
      delete: (name) => this.deleteTopic(name),
      ensureInternal: refuse,
      watch: (listener) => watchIn(this.#topicListeners, listener),
    }
  }

  #brokersService(): Services['brokers'] {
    const brokers = (): readonly BrokerNode[] => this.brokers
    return {
      get all() {
        return brokers()
      },
      get alive() {
        return brokers()
      },
      get: (id) => this.brokers.find((broker) => broker.id === id),
      controllerId: 1,
      stop: refuse,
      start: refuse,
      pause: refuse,
      resume: refuse,
      setRack: (id, rack) => this.moveRack(id, rack ?? ''),
      watch: (listener) => watchIn(this.#brokerListeners, listener),
    }
  }

  #coordinatorsService(): Services['coordinators'] {
    return {
      find: () => ({ brokerId: 1, partition: 0 }),
      require: () => {
        if (!this.isCoordinator) throw fail('NOT_COORDINATOR')
      },
      epoch: () => 0,
      partitionOf: () => 0,
      watch: () => () => undefined,
    }
  }

  #groupsService(): Services['groups'] {
    const { groups } = this
    return {
      get all() {
        return groups.values()
      },
      get: (groupId) => groups.get(groupId),
      add: (group) => void groups.set(group.groupId, group),
      remove: (groupId) => {
        groups.get(groupId)?.close()
        groups.delete(groupId)
      },
      replace: (group) => {
        groups.get(group.groupId)?.close()
        groups.set(group.groupId, group)
      },
    }
  }
}

const features = new Map([
  ['group.version', { supportedMin: 0, supportedMax: 1, finalized: 1 }],
  ['share.version', { supportedMin: 0, supportedMax: 1, finalized: 1 }],
])

function watchIn<Listener>(listeners: Set<Listener>, listener: Listener): () => void {
  listeners.add(listener)
  return () => void listeners.delete(listener)
}

function refuse(): never {
  throw fail('UNKNOWN_SERVER_ERROR', 'not in this fake')
}

function fakeBroker(id: number, rack: string): BrokerNode {
  return { id, rack, host: 'localhost', port: 9091 + id, state: 'running', isFenced: false, epoch: 1n }
}

function fakePartitions(topic: string, topicId: string, count: number): Partition[] {
  return Array.from({ length: count }, (_, index) => fakePartition(topic, topicId, index))
}

function fakePartition(topic: string, topicId: string, index: number): Partition {
  return {
    topic,
    topicId,
    index,
    leaderId: 1,
    leaderEpoch: 0,
    partitionEpoch: 0,
    replicas: [1, 2],
    inSyncReplicas: [1, 2],
    addingReplicas: [],
    removingReplicas: [],
    isDeleted: false,
    log: refuse,
    get leaderLog() {
      return refuse()
    },
    logStartOffset: 0n,
    logEndOffset: 0n,
    highWatermark: 0n,
    lastStableOffset: 0n,
    minInSyncReplicas: 1,
    append: refuse,
    appendMarker: refuse,
    whenReplicated: refuse,
    deleteRecordsBefore: refuse,
    moveLeader: refuse,
    watch: () => () => undefined,
  }
}

function seeded(): () => number {
  let state = 12345
  return () => {
    state = (Math.imul(state, 1103515245) + 12345) >>> 0
    return state / 0x100000000
  }
}
