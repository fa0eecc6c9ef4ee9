import { silentLogger } from '../../../../src/base/logger'
import type { BrokerNode } from '../../../../src/testing/cluster/brokers'
import type { Coordinators, CoordinatorType } from '../../../../src/testing/cluster/coordinators'
import type { Topic, TopicChange } from '../../../../src/testing/cluster/topics'
import { MemoryGroupRegistry } from '../../../../src/testing/groups/group-registry'
import { MemoryOffsetStore } from '../../../../src/testing/groups/offset-store'
import { fail } from '../../../../src/testing/kafka-failure'
import type { ApiHandler, RequestContext } from '../../../../src/testing/node/api-handler'
import { anonymous } from '../../../../src/testing/security/principal'
import type { Services } from '../../../../src/testing/services'
import { Reader } from '../../../../src/wire/primitives/reader'
import { Writer } from '../../../../src/wire/primitives/writer'
import type { ClientApi } from '../../../../src/wire/api'
import { FakeClock } from '../../support/fake-clock'

/** What the group APIs need of their neighbours, in the smallest form; the registry and the offset store are real. */
export interface FakeGroupCluster {
  readonly services: Services
  readonly clock: FakeClock
  readonly configs: Map<string, string>
  /** Operations such as `Read Group g` that are refused. */
  readonly denied: Set<string>
  readonly registry: MemoryGroupRegistry
  addTopic(name: string): Topic
  deleteTopic(name: string): void
  /** The broker that coordinates all groups. */
  coordinatorId: number
  /** Tells the groups of a partition of `__consumer_offsets` that their coordinator is another. */
  moveCoordinator(partition: number): void
  /** What verifyOffsets was asked, and what it shall refuse with. */
  readonly verified: string[]
  refuseTransactions: Error | undefined
  /** Sends through the real codecs: encodes the request, decodes it as a broker, and the same with the response. */
  send<Request, Response>(
    api: ClientApi<Request, Response>,
    handlers: readonly ApiHandler[],
    request: Request,
    version: number,
    options?: { readonly brokerId?: number; readonly clientId?: string | null },
  ): Promise<Response>
}

const defaults: Record<string, string> = {
  'group.min.session.timeout.ms': '6000',
  'group.max.session.timeout.ms': '1800000',
  'group.initial.rebalance.delay.ms': '3000',
  'group.max.size': '2147483647',
  'offset.metadata.max.bytes': '4096',
  'offsets.retention.minutes': '10080',
  'offsets.retention.check.interval.ms': '600000',
}

function refuseUse(what: string): never {
  throw new TypeError(`The fake cluster has no ${what}`)
}

const partitionOf = (_type: CoordinatorType, key: string) => key.length % 50

export function fakeGroupCluster(): FakeGroupCluster {
  const clock = new FakeClock()
  const configs = new Map(Object.entries(defaults))
  const denied = new Set<string>()
  const topics = new Map<string, Topic>()
  const topicListeners = new Set<(change: TopicChange) => void>()
  const moveListeners = new Set<(type: CoordinatorType, partition: number) => void>()
  const verified: string[] = []
  let chance = 0
  let topicCount = 0
  let coordinatorId = 1
  let refuseTransactions: Error | undefined

  const coordinators: Coordinators = {
    find: (type, key) => ({ brokerId: coordinatorId, partition: partitionOf(type, key) }),
    require(context) {
      if (context.broker.id !== coordinatorId) throw fail('NOT_COORDINATOR')
    },
    epoch: () => 0,
    watch(listener) {
      moveListeners.add(listener)
      return () => moveListeners.delete(listener)
    },
    partitionOf,
  }

  const services: Services = {
    // Not random, yet spread: ids have to differ.
    runtime: {
      clock,
      random: () => (chance = (chance * 9301 + 49297) % 233280) / 233280,
      logger: silentLogger,
    },
    clusterId: 'fake',
    get release() {
      return refuseUse('release')
    },
    get brokers() {
      return refuseUse('brokers')
    },
    configs: {
      topic: () => refuseUse('topic configs'),
      broker: (name) => configs.get(name) ?? refuseUse(name),
      group: () => refuseUse('group configs'),
      topicNumber: () => refuseUse('topic configs'),
      brokerNumber: (name) => Number(configs.get(name) ?? refuseUse(name)),
      groupNumber: () => refuseUse('group configs'),
      log: () => refuseUse('log configs'),
      forgetTopic: () => undefined,
      checkedTopic: () => new Map(),
      setTopic: () => undefined,
    },
    topics: {
      all: topics.values(),
      byName: (name) => topics.get(name),
      byId: (id) => [...topics.values()].find((topic) => topic.id === id),
      partition: () => undefined,
      create: () => refuseUse('topic creation'),
      plan: () => refuseUse('topic creation'),
      addPartitions: () => refuseUse('topic creation'),
      delete: () => refuseUse('topic deletion'),
      ensureInternal: () => refuseUse('internal topics'),
      watch(listener) {
        topicListeners.add(listener)
        return () => topicListeners.delete(listener)
      },
    },
    coordinators,
    get groups() {
      return registry
    },
    get offsets() {
      return offsets
    },
    transactions: {
      newProducerId: () => refuseUse('producer ids'),
      verifyPartition: () => refuseUse('partition verification'),
      verifyOffsets(transactionalId, producer, groupId, mayAdd, knowsAbortable) {
        verified.push(
          `${transactionalId} ${producer.producerId}/${producer.producerEpoch} ${groupId} ${mayAdd} ${knowsAbortable}`,
        )
        if (refuseTransactions !== undefined) throw refuseTransactions
      },
    },
    authorizer: {
      allows: (_context, operation, resource, name) => !denied.has(`${operation} ${resource} ${name}`),
      allowsAny: () => true,
      authorizedOperations: () => 328,
    },
    quotas: { record: () => 0 },
  }
  const registry = new MemoryGroupRegistry(services)
  const offsets = new MemoryOffsetStore(services)

  return {
    services,
    clock,
    configs,
    denied,
    registry,
    verified,
    get coordinatorId() {
      return coordinatorId
    },
    set coordinatorId(id) {
      coordinatorId = id
    },
    get refuseTransactions() {
      return refuseTransactions
    },
    set refuseTransactions(error) {
      refuseTransactions = error
    },
    addTopic(name) {
      const id = Buffer.alloc(16, ++topicCount).toString('base64url')
      const topic: Topic = { name, id, isInternal: false, partitions: [], createdAt: 0 }
      topics.set(name, topic)
      return topic
    },
    deleteTopic(name) {
      const topic = topics.get(name)
      if (topic === undefined) return
      topics.delete(name)
      for (const listener of topicListeners) listener({ kind: 'deleted', topic })
    },
    moveCoordinator(partition) {
      for (const listener of moveListeners) listener('group', partition)
    },
    async send(api, handlers, request, version, { brokerId = 1, clientId = 'client' } = {}) {
      const found = handlers.find((candidate) => candidate.api.key === api.key)
      if (found === undefined) return refuseUse(`handler of ${api.name}`)
      const sent = new Writer()
      api.encodeRequest(sent, request, version)
      const decoded = found.api.decodeRequest(new Reader(sent.toBuffer()), version)
      const response = await found.handle(decoded, fakeContext(version, brokerId, clientId))
      const answered = new Writer()
      found.api.encodeResponse(answered, response, version)
      return api.decodeResponse(new Reader(answered.toBuffer()), version)
    },
  }
}

/** A request's context, of a connection that never ends. */
export function fakeContext(
  apiVersion: number,
  brokerId = 1,
  clientId: string | null = 'client',
): RequestContext {
  const broker: BrokerNode = {
    id: brokerId,
    rack: null,
    host: '127.0.0.1',
    port: 0,
    state: 'running',
    isFenced: false,
    epoch: 1n,
  }
  return {
    broker,
    session: {
      id: 1,
      principal: anonymous,
      clientHost: '127.0.0.1',
      softwareName: 'unknown',
      softwareVersion: 'unknown',
      ended: new AbortController().signal,
    },
    apiVersion,
    clientId,
    throttleMs: 0,
  }
}
