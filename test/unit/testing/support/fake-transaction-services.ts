import { silentLogger } from '../../../../src/base/logger'
import type { CoordinatorType } from '../../../../src/testing/contracts/coordinators'
import { fail } from '../../../../src/testing/contracts/kafka-failure'
import type { RequestContext } from '../../../../src/testing/contracts/api-handler'
import { anonymous } from '../../../../src/testing/contracts/principal'
import type { TransactionApiServices } from '../../../../src/testing/transactions/transaction-services'
import { FakeClock } from '../../support/fake-clock'
import { FakeBrokers } from './fake-brokers'
import { FakeMarkerPartition } from './fake-marker-partition'

/** Coordination by one broker that a test moves. All keys are in partition 0. */
export class FakeCoordinators {
  brokerId = 0
  #epoch = 0
  readonly #listeners = new Set<(type: CoordinatorType, partition: number) => void>()

  find(): { brokerId: number; partition: number } {
    if (this.brokerId < 0) throw fail('COORDINATOR_NOT_AVAILABLE')
    return { brokerId: this.brokerId, partition: 0 }
  }

  require(context: RequestContext): void {
    if (this.find().brokerId !== context.broker.id) throw fail('NOT_COORDINATOR')
  }

  epoch(): number {
    return this.#epoch
  }

  partitionOf(): number {
    return 0
  }

  watch(listener: (type: CoordinatorType, partition: number) => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }

  move(brokerId: number, type: CoordinatorType = 'transaction'): void {
    this.brokerId = brokerId
    this.#epoch++
    for (const listener of [...this.#listeners]) listener(type, 0)
  }
}

/** Just enough of a cluster for the transaction coordinator, all of it in a test's hands. */
export class FakeTransactionServices implements TransactionApiServices {
  readonly clock = new FakeClock()
  readonly runtime = { clock: this.clock, random: () => 0.5, logger: silentLogger }
  readonly features = new Map([['transaction.version', { supportedMin: 0, supportedMax: 2, finalized: 2 }]])
  readonly release = {
    name: '4.3',
    features: this.features,
    versionsOf: () => ({ min: 0, max: this.highestVersion }),
  }
  /** Served by the release, of all APIs. */
  highestVersion = 5
  readonly brokers = new FakeBrokers(3)
  readonly coordinators = new FakeCoordinators()
  readonly partitions = new Map<string, FakeMarkerPartition>()
  readonly completedOffsets: { producerId: bigint; partition: number; committed: boolean }[] = []
  /** `Operation Resource name` of what is forbidden. */
  readonly forbidden = new Set<string>()
  readonly settings = new Map([
    ['transaction.max.timeout.ms', '900000'],
    ['transaction.abort.timed.out.transaction.cleanup.interval.ms', '10000'],
    ['transaction.remove.expired.transaction.cleanup.interval.ms', '3600000'],
    ['transactional.id.expiration.ms', '604800000'],
    ['transaction.partition.verification.enable', 'true'],
    ['add.partitions.to.txn.retry.backoff.max.ms', '100'],
  ])
  readonly configs = {
    broker: (name: string): string => this.settings.get(name) ?? '',
    brokerNumber: (name: string): number => Number(this.settings.get(name)),
  }
  readonly topics = {
    partition: (name: string, index: number): FakeMarkerPartition | undefined =>
      this.partitions.get(`${name}-${index}`),
    byName: (name: string): { isInternal: boolean } | undefined =>
      this.partitions.has(`${name}-0`) ? { isInternal: name.startsWith('__') } : undefined,
  }
  readonly offsets = {
    completeTransaction: (producerId: bigint, partition: number, committed: boolean): void => {
      this.completedOffsets.push({ producerId, partition, committed })
    },
  }
  readonly authorizer = {
    allows: (_: RequestContext, operation: string, resource: string, name: string): boolean =>
      !this.forbidden.has(`${operation} ${resource} ${name}`),
    allowsAny: (_: RequestContext, operation: string, resource: string): boolean =>
      !this.forbidden.has(`${operation} ${resource} *`),
  }

  constructor(topics: Readonly<Record<string, number>> = { orders: 2, __consumer_offsets: 1 }) {
    for (const [name, count] of Object.entries(topics)) {
      for (let i = 0; i < count; i++) this.partitions.set(`${name}-${i}`, new FakeMarkerPartition(name, i))
    }
  }

  /** The partition, which must be there. */
  partition(name: string, index = 0): FakeMarkerPartition {
    const partition = this.partitions.get(`${name}-${index}`)
    if (partition === undefined) throw new Error(`The test has no partition ${name}-${index}`)
    return partition
  }
}

/** A request as it arrives at a broker, from nobody in particular. */
export function fakeContext(changes: Partial<RequestContext> = {}): RequestContext {
  const [broker] = new FakeBrokers(1).all
  if (broker === undefined) throw new Error('There is a broker')
  return {
    broker,
    session: {
      id: 1,
      principal: anonymous,
      clientHost: '127.0.0.1',
      softwareName: 'test',
      softwareVersion: '1',
      ended: new AbortController().signal,
    },
    apiVersion: 0,
    clientId: 'test',
    throttleMs: 0,
    ...changes,
  }
}
