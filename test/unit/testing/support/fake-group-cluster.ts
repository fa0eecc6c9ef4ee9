import { silentLogger } from '../../../../src/base/logger'
import type { BrokerNode } from '../../../../src/testing/cluster/brokers'
import type { Coordinators, CoordinatorType } from '../../../../src/testing/cluster/coordinators'
import { TopicRegistry } from '../../../../src/testing/cluster/topic-registry'
import type { Topic } from '../../../../src/testing/cluster/topics'
import { ClusterConfigs } from '../../../../src/testing/configs/cluster-configs'
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

/** What the group APIs need of their neighbours, in the smallest form; configs, topics, registry and offset store are real. */
export interface FakeGroupCluster {
  readonly services: Services
  readonly clock: FakeClock
  readonly configs: SettableConfigs
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

/** Where the cluster for tests has shorter times than Kafka. */
const kafkaDefaults = { 'group.initial.rebalance.delay.ms': '3000' }

/** The real configs, of which a test can change one in the middle. */
class SettableConfigs extends ClusterConfigs {
  readonly #set = new Map<string, string>()

  set(name: string, value: string): void {
    this.#set.set(name, value)
  }

  override broker(name: string, brokerId?: number): string {
    return this.#set.get(name) ?? super.broker(name, brokerId)
  }
}

function refuseUse(what: string): never {
  throw new TypeError(`The fake cluster has no ${what}`)
}

const partitionOf = (_type: CoordinatorType, key: string) => key.length % 50

export function fakeGroupCluster(): FakeGroupCluster {
  const clock = new FakeClock()
  const configs = new SettableConfigs({ brokerCount: 1, configs: kafkaDefaults })
  const denied = new Set<string>()
  const moveListeners = new Set<(type: CoordinatorType, partition: number) => void>()
  const verified: string[] = []
  let chance = 0
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
    configs,
    get topics() {
      return topics
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
  const topics = new TopicRegistry({ services, createPartition: () => refuseUse('partitions') })

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
    addTopic: (name) => topics.createPlanned({ name, assignments: [], configs: new Map() }),
    deleteTopic: (name) => topics.delete(name),
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
