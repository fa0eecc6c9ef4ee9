import { silentLogger } from '../../../../src/base/logger'
import { ClusterServices } from '../../../../src/testing/cluster-services'
import { releaseNamed } from '../../../../src/testing/cluster/releases'
import type { Topic } from '../../../../src/testing/contracts/topics'
import { ClassicGroup } from '../../../../src/testing/groups/classic/classic-group'
import type { MemoryGroupRegistry } from '../../../../src/testing/groups/group-registry'
import type { ApiHandler, RequestContext } from '../../../../src/testing/contracts/api-handler'
import type { Authorizer } from '../../../../src/testing/contracts/security'
import { anonymous } from '../../../../src/testing/contracts/principal'
import type { Services } from '../../../../src/testing/contracts/services'
import type { Transactions } from '../../../../src/testing/contracts/transactions'
import type { ClientApi } from '../../../../src/wire/api'
import { Reader } from '../../../../src/wire/primitives/reader'
import { Writer } from '../../../../src/wire/primitives/writer'
import { FakeClock } from '../../support/fake-clock'

/** Where the cluster for tests has shorter times than Kafka. */
const kafkaTimes = { 'group.initial.rebalance.delay.ms': '3000' }

const offsetsTopic = '__consumer_offsets'

/**
 * A cluster without a network, with a clock that a test moves: two brokers, of which the first coordinates all groups. All
 * is real but who may do what, and what the transaction coordinator says.
 */
export class FakeGroupCluster {
  readonly clock = new FakeClock()
  readonly services: Services
  /** Operations such as `Read Group g` that are refused. */
  readonly denied = new Set<string>()
  /** What verifyOffsets was asked. */
  readonly verified: string[] = []
  /** What verifyOffsets refuses with. */
  refuseTransactions: Error | undefined
  /** The broker that requests go to. */
  askedBrokerId = 1
  readonly #real: ClusterServices

  constructor(configs: Readonly<Record<string, string>> = {}, version = '4.3') {
    let chance = 0
    this.#real = new ClusterServices({
      // Not random, yet spread: ids have to differ.
      runtime: {
        clock: this.clock,
        random: () => (chance = (chance * 9301 + 49297) % 233280) / 233280,
        logger: silentLogger,
      },
      release: releaseNamed(version),
      brokerCount: 2,
      configs: { ...kafkaTimes, ...configs },
      maxBytes: 1_000_000,
      authorizer: () => this.#authorizer(),
    })
    for (const id of [1, 2]) this.#real.brokers.addBroker({ id, rack: null, host: '127.0.0.1', port: 0 })
    const assignments = Array.from({ length: 50 }, () => [1, 2])
    this.#real.topics.createPlanned({ name: offsetsTopic, assignments, configs: new Map() })
    this.services = { ...this.#real, transactions: this.#transactions() }
  }

  get registry(): MemoryGroupRegistry {
    return this.#real.groups
  }

  /** A group that has to be there, and to be a classic one. */
  classicGroup(groupId = 'group'): ClassicGroup {
    const group = this.registry.get(groupId)
    if (!(group instanceof ClassicGroup)) throw new TypeError(`No classic group '${groupId}'`)
    return group
  }

  /** The partition of `__consumer_offsets` that a group falls on. */
  partitionOf(groupId: string): number {
    return this.services.coordinators.partitionOf('group', groupId)
  }

  addTopic(name: string): Topic {
    const assignments = Array.from({ length: 10 }, () => [1])
    return this.#real.topics.createPlanned({ name, assignments, configs: new Map() })
  }

  deleteTopic(name: string): void {
    this.#real.topics.delete(name)
  }

  /** The coordinator of a group goes to the other broker, and comes back. */
  moveCoordinator(groupId: string): void {
    const partition = this.services.topics.partition(offsetsTopic, this.partitionOf(groupId))
    partition?.moveLeader(2)
    partition?.moveLeader(1)
  }

  /** Sends through the real codecs: encodes the request, decodes it as a broker, and the same with the response. */
  async send<Request, Response>(
    api: ClientApi<Request, Response>,
    handlers: readonly ApiHandler[],
    request: Request,
    version: number,
  ): Promise<Response> {
    const found = handlers.find((candidate) => candidate.api.key === api.key)
    if (found === undefined) throw new TypeError(`Nothing answers ${api.name}`)
    const sent = new Writer()
    api.encodeRequest(sent, request, version)
    const decoded = found.api.decodeRequest(new Reader(sent.toBuffer()), version)
    const response = await found.handle(decoded, this.context(version))
    const answered = new Writer()
    found.api.encodeResponse(answered, response, version)
    return api.decodeResponse(new Reader(answered.toBuffer()), version)
  }

  /** A request's context, of a connection that never ends. */
  context(apiVersion: number): RequestContext {
    const broker = this.services.brokers.get(this.askedBrokerId)
    if (broker === undefined) throw new TypeError(`There is no broker ${this.askedBrokerId}`)
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
      clientId: 'client',
      throttleMs: 0,
    }
  }

  close(): void {
    this.#real.close()
  }

  #authorizer(): Authorizer {
    return {
      allows: (_context, operation, resource, name) => !this.denied.has(`${operation} ${resource} ${name}`),
      allowsAny: () => true,
      authorizedOperations: () => 328,
    }
  }

  #transactions(): Transactions {
    const real = this.#real.transactions
    return {
      newProducerId: () => real.newProducerId(),
      verifyPartition: (...asked) => real.verifyPartition(...asked),
      verifyOffsets: (transactionalId, { producerId, producerEpoch }, groupId, mayAdd, knowsAbortable) => {
        const producer = `${producerId}/${producerEpoch}`
        this.verified.push(`${transactionalId} ${producer} ${groupId} ${mayAdd} ${knowsAbortable}`)
        if (this.refuseTransactions !== undefined) throw this.refuseTransactions
      },
    }
  }
}
