import { InvalidArgumentError } from '../base/errors'
import type { Clock } from '../base/clock'
import type { ClusterServices } from './cluster-services'
import type { NewTopicSpec } from './contracts/topics'
import type { Partition } from './contracts/partition'
import type { AdjustableRelease, VersionLimit } from './faults/adjustable-release'
import type { FaultHandler, FaultRules, RuleOptions } from './faults/fault-rules'
import { ReadyFaults } from './faults/ready-faults'
import type { RequestLog } from './faults/request-log'
import { describeGroup, type InspectedGroup } from './inspection/inspected-group'
import { readStoredRecords, type StoredRecord } from './inspection/stored-record'
import type { HandlerFailure } from './node/connection-host'
import type { BrokerHost } from './node/broker-host'
import type { ResolvedTestClusterOptions } from './test-cluster-options'
import type { LinkShape } from './transport/link-shape'
import type { MemoryConnector, MemoryNetwork } from './transport/memory-network'
import type { BrokerApiName } from '../wire/generated/broker/apis-by-name'
import type { TransactionInspection } from './transactions/transaction-coordinator'

/** Options with which a client reaches the cluster: `new Kafka(cluster.clientOptions())`. */
export interface TestClientOptions extends Partial<MemoryConnector> {
  readonly brokers: readonly string[]
  readonly clock?: Clock
  readonly random?: () => number
}

/** A topic, as the cluster knows it. */
export interface InspectedTopic {
  readonly name: string
  readonly id: string
  readonly partitions: number
}

/** What a cluster was put together from. */
export interface TestClusterParts {
  readonly services: ClusterServices
  readonly release: AdjustableRelease
  readonly faults: FaultRules
  readonly requests: RequestLog
  readonly hosts: ReadonlyMap<number, BrokerHost>
  readonly network: MemoryNetwork | undefined
  readonly options: ResolvedTestClusterOptions
}

/**
 * A Kafka cluster inside this process, for tests: what clients do with it is real; what it is made to do to them is up
 * to the test. Made by `createBroker` and `createCluster`; brokers have the ids 1, 2, 3 …
 */
export class TestCluster {
  /** What the brokers were asked, the oldest first. */
  readonly requests: RequestLog
  /** Faults that are ready to be used; `on` makes any other. */
  readonly faults: ReadyFaults
  readonly #parts: TestClusterParts
  #closing: Promise<void> | undefined

  constructor(parts: TestClusterParts) {
    this.#parts = parts
    this.requests = parts.requests
    this.faults = new ReadyFaults(parts.faults, (id) => parts.services.topics.byId(id)?.name)
  }

  /** The Kafka release it looks like, such as `'4.3'`. */
  get version(): string {
    return this.#parts.release.name
  }

  /** Addresses of all brokers, stopped ones included, for the client's option `brokers`. */
  get bootstrap(): string[] {
    const { hosts, options } = this.#parts
    return [...hosts.values()].map((host) => `${options.host}:${host.port}`)
  }

  /** Ids of all brokers. */
  get brokerIds(): number[] {
    return [...this.#parts.hosts.keys()]
  }

  /**
   * What a client needs to reach the cluster; over an in-memory network that is more than addresses.
   * @param client names it for `cutConnections`
   */
  clientOptions(client = 'client'): TestClientOptions {
    const { network, options, services } = this.#parts
    const brokers = this.bootstrap
    if (network === undefined) return { brokers }
    const { clock, random } = services.runtime
    const connector = network.connector(client)
    return options.clock === clock ? { brokers, ...connector, clock, random } : { brokers, ...connector }
  }

  /**
   * Lets `handler` deal with the requests of one API: answer them, change the answer, delay, drop, close. What it leaves
   * alone goes to the next rule, and then to the broker.
   *
   *     broker.on('Produce', async (request, exchange) => { await exchange.delay(100) }, { times: 3 })
   *
   * @returns what takes the rule back
   */
  on<Name extends BrokerApiName>(api: Name, handler: FaultHandler<Name>, options?: RuleOptions): () => void {
    return this.#parts.faults.on(api, handler, options)
  }

  /** As `on`, for one request. */
  once<Name extends BrokerApiName>(
    api: Name,
    handler: FaultHandler<Name>,
    options?: { readonly broker?: number },
  ): () => void {
    return this.#parts.faults.once(api, handler, options)
  }

  /** Takes back all rules, those of `faults` included. */
  clearFaults(): void {
    this.#parts.faults.clear()
  }

  /** Lets the brokers offer other versions of an API to connections that are opened from now on; `'none'` for none. */
  limitVersions(api: BrokerApiName, limit: VersionLimit): void {
    this.#parts.release.limitVersions(api, limit)
  }

  /** Sets the level of a finalized feature, such as `transaction.version`. Clients learn it with their next connection. */
  setFeature(name: string, level: number): void {
    this.#parts.release.finalize(name, level)
  }

  /** Creates a topic. @throws BrokerError with what Kafka refuses */
  createTopic(name: string, options: Omit<NewTopicSpec, 'name'> = {}): InspectedTopic {
    const topic = this.#parts.services.topics.create({ ...options, name })
    return { name, id: topic.id, partitions: topic.partitions.length }
  }

  /** Deletes a topic, whoever is using it. @throws BrokerError (UNKNOWN_TOPIC_OR_PARTITION) */
  deleteTopic(name: string): void {
    this.#parts.services.topics.delete(name)
  }

  /** All topics but the internal ones. */
  get topics(): InspectedTopic[] {
    return [...this.#parts.services.topics.all]
      .filter((topic) => !topic.isInternal)
      .map(({ name, id, partitions }) => ({ name, id, partitions: partitions.length }))
  }

  /**
   * All records of a topic as they lie in the logs of the leaders, markers of transactions included, by partition and
   * offset.
   */
  records(topic: string, partition?: number): StoredRecord[] {
    const partitions =
      partition === undefined ? this.#topic(topic).partitions : [this.partition(topic, partition)]
    return partitions.flatMap((one) => readStoredRecords(one))
  }

  /** Leader, epochs, replicas and offsets of a partition, and what can be done to it. */
  partition(topic: string, partition: number): Partition {
    const found = this.#topic(topic).partitions[partition]
    if (found !== undefined) return found
    const count = this.#topic(topic).partitions.length
    throw new InvalidArgumentError(
      `Topic '${topic}' has no partition ${partition}; it has ${count} partitions`,
    )
  }

  /** All groups, of every kind, with their members and committed offsets. */
  groups(): InspectedGroup[] {
    const { groups } = this.#parts.services
    return [...groups.all].map((group) => describeGroup(this.#parts.services, group))
  }

  /** One group; undefined when there is none of this id. */
  group(groupId: string): InspectedGroup | undefined {
    const group = this.#parts.services.groups.get(groupId)
    return group && describeGroup(this.#parts.services, group)
  }

  /** The transactional ids that the coordinators know, and the state of their transactions. */
  transactions(): TransactionInspection[] {
    return this.#parts.services.transactions.inspect()
  }

  /** Keeps transactions from completing after their end was decided, until the answer is called. */
  holdTransactions(): () => void {
    const { transactions } = this.#parts.services
    transactions.holdMarkers()
    return () => transactions.releaseMarkers()
  }

  /** Makes another replica the leader of a partition. @throws BrokerError */
  moveLeader(topic: string, partition: number, to: number): void {
    this.partition(topic, partition).moveLeader(to)
  }

  /**
   * Stops a broker: its connections end and new ones are refused.
   * @param options `kill`: without moving its leaders first, as a process that dies; the controller notices after
   *   `broker.session.timeout.ms` (1,000 here). Default: false
   */
  async stopBroker(id: number, options: { readonly kill?: boolean } = {}): Promise<void> {
    const host = this.#host(id)
    this.#parts.services.brokers.stop(id, options.kill === true ? 'kill' : 'clean')
    await host.stop()
  }

  /** Starts a stopped broker, at the same address and with the logs it had. */
  async startBroker(id: number): Promise<void> {
    await this.#host(id).start()
    this.#parts.services.brokers.start(id)
  }

  /** Freezes a broker: it accepts connections and bytes, and never answers, until `resumeBroker`. */
  pauseBroker(id: number): void {
    const host = this.#host(id)
    this.#parts.services.brokers.pause(id)
    host.pause()
  }

  resumeBroker(id: number): void {
    const host = this.#host(id)
    this.#parts.services.brokers.resume(id)
    host.resume()
  }

  /** Sets the racks of brokers, by their ids. */
  changeRacks(racks: Readonly<Record<number, string | null>>): void {
    for (const [id, rack] of Object.entries(racks)) this.#parts.services.brokers.setRack(Number(id), rack)
  }

  /** Breaks all connections of a broker, or of all brokers. */
  cutConnections(brokerId?: number): void {
    for (const host of this.#hosts(brokerId)) host.server.cutConnections()
  }

  /**
   * Slows, splits, cuts or damages the bytes on the connections of a broker, or of all; `undefined` makes them plain
   * again. @throws InvalidOptionError
   */
  shapeConnections(shape: LinkShape | undefined, brokerId?: number): void {
    for (const host of this.#hosts(brokerId)) host.server.shaper.set(shape)
  }

  /** Deletes now what retention no longer keeps, and compacts topics whose cleanup policy says so. */
  cleanLogs(): void {
    this.#parts.services.cleaner.runNow()
  }

  /** Bytes that the logs hold, and what they may hold. */
  get storage(): { readonly usedBytes: number; readonly maxBytes: number } {
    const { usedBytes, maxBytes } = this.#parts.services.budget
    return { usedBytes, maxBytes }
  }

  /** Mistakes in the brokers themselves, or in rules that were given to `on`. There should be none. */
  get failures(): HandlerFailure[] {
    return [...this.#parts.hosts.values()].flatMap((host) => host.server.failures)
  }

  /** Lets the process end although the brokers listen, for programs that don't close them. */
  unref(): void {
    for (const host of this.#parts.hosts.values()) host.unref()
  }

  /** Stops all brokers and forgets everything. Can be called again. */
  close(): Promise<void> {
    return (this.#closing ??= this.#close())
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  async #close(): Promise<void> {
    await Promise.all([...this.#parts.hosts.values()].map((host) => host.stop()))
    this.#parts.services.close()
  }

  #topic(name: string) {
    const topic = this.#parts.services.topics.byName(name)
    if (topic !== undefined) return topic
    const known = this.topics.map((one) => `'${one.name}'`).join(', ')
    throw new InvalidArgumentError(
      `There is no topic '${name}' in this cluster; there are: ${known || 'none'}`,
    )
  }

  #host(id: number): BrokerHost {
    const host = this.#parts.hosts.get(id)
    if (host !== undefined) return host
    throw new InvalidArgumentError(
      `There is no broker ${id} in this cluster; its brokers are ${this.brokerIds.join(', ')}`,
    )
  }

  #hosts(id: number | undefined): BrokerHost[] {
    return id === undefined ? [...this.#parts.hosts.values()] : [this.#host(id)]
  }
}
