// Guards against parts that are right alone and wrong together: the coordinator with real logs, replicas and brokers.
import { silentLogger } from '../../../../src/base/logger'
import { ClusterServices } from '../../../../src/testing/cluster-services'
import { releaseNamed } from '../../../../src/testing/cluster/releases'
import type { Partition } from '../../../../src/testing/contracts/partition'
import { AllowAllAuthorizer } from '../../../../src/testing/security/allow-all-authorizer'
import type { ProducerIdAndEpoch } from '../../../../src/testing/contracts/transactions'
import { encodeRecordBatch } from '../../../../src/wire/records/encode-record-batch'
import { FakeClock } from '../../support/fake-clock'
import { codeOf } from '../support/transaction-driver'

const transactionalId = 'payments'

/** Three brokers without a network; one producer that writes to `orders`, replicated on all of them. */
class Cluster {
  readonly clock = new FakeClock()
  readonly services: ClusterServices
  readonly #sequences = new Map<string, number>()

  constructor() {
    let chance = 0
    this.services = new ClusterServices({
      runtime: {
        clock: this.clock,
        random: () => (chance = (chance * 9301 + 49297) % 233280) / 233280,
        logger: silentLogger,
      },
      release: releaseNamed('4.3'),
      brokerCount: 3,
      configs: {},
      maxBytes: 10_000_000,
      authorizer: (services) => new AllowAllAuthorizer(services),
    })
    for (const id of [1, 2, 3]) {
      this.services.brokers.addBroker({ id, rack: null, host: '127.0.0.1', port: 9092 + id })
    }
    this.services.topics.create({ name: 'orders', partitions: 2, replicationFactor: 3 })
  }

  partition(index = 0): Partition {
    const partition = this.services.topics.partition('orders', index)
    if (partition === undefined) throw new Error('The test has two partitions')
    return partition
  }

  get state(): string | undefined {
    return this.services.transactions.get(transactionalId)?.facts.state
  }

  get coordinatorId(): number {
    return this.services.coordinators.find('transaction', transactionalId).brokerId
  }

  init(): ProducerIdAndEpoch {
    return this.services.transactions.initProducerId({ transactionalId, timeoutMs: 60_000 })
  }

  write(producer: ProducerIdAndEpoch, index = 0): void {
    const { producerId, producerEpoch } = producer
    const partition = this.partition(index)
    const key = `${producerId} ${producerEpoch} ${index}`
    const baseSequence = this.#sequences.get(key) ?? 0
    this.services.transactions.verifyPartition(transactionalId, producer, partition, true)
    const records = [{ timestamp: this.clock.wallTime(), key: 'k', value: 'v' }]
    const batch = { records, producerId, producerEpoch, baseSequence, isTransactional: true }
    partition.append(encodeRecordBatch(batch), { origin: 'client', produceVersion: 12 })
    this.#sequences.set(key, baseSequence + 1)
  }

  end(producer: ProducerIdAndEpoch, committed: boolean): ProducerIdAndEpoch {
    return this.services.transactions.end(transactionalId, { producer, committed }, 2)
  }
}

test('a commit moves the last stable offset of all partitions behind its marker', async () => {
  const cluster = new Cluster()
  const producer = cluster.init()
  cluster.write(producer, 0)
  cluster.write(producer, 1)
  expect(cluster.partition(0).lastStableOffset).toBe(0n)
  const next = cluster.end(producer, true)
  await cluster.clock.advance(0)
  expect(cluster.state).toBe('CompleteCommit')
  for (const index of [0, 1]) expect(cluster.partition(index).lastStableOffset).toBe(2n)
  cluster.write(next, 0)
  cluster.end(next, false)
  await cluster.clock.advance(0)
  expect(cluster.partition(0).lastStableOffset).toBe(4n)
  expect(cluster.partition(0).leaderLog.abortedTransactions(0n, 4n)).toEqual([
    { producerId: producer.producerId, firstOffset: 2n },
  ])
})

test('late batches of a transaction that was ended are refused by the log', async () => {
  const cluster = new Cluster()
  const producer = cluster.init()
  cluster.write(producer)
  const next = cluster.end(producer, true)
  await cluster.clock.advance(0)
  expect(codeOf(() => cluster.write(producer))).toBe('INVALID_PRODUCER_EPOCH')
  expect(codeOf(() => cluster.write(next))).toBe('NONE')
})

test('a transaction that ends while a leader is dead completes when there is a leader again', async () => {
  const cluster = new Cluster()
  const producer = cluster.init()
  const away = [1, 2, 3].find((id) => id !== cluster.coordinatorId) ?? 0
  cluster.partition().moveLeader(away)
  cluster.write(producer)
  cluster.services.brokers.stop(away, 'kill')
  cluster.end(producer, true)
  await cluster.clock.advance(1)
  expect(cluster.state).toBe('PrepareCommit')
  await cluster.clock.advance(30_000)
  expect(cluster.partition().leaderId).not.toBe(away)
  expect(cluster.state).toBe('CompleteCommit')
  expect(cluster.partition().lastStableOffset).toBe(2n)
})

test('a transaction that ends while its coordinator dies is ended by the next one', async () => {
  const cluster = new Cluster()
  const producer = cluster.init()
  const first = cluster.coordinatorId
  cluster.partition().moveLeader([1, 2, 3].find((id) => id !== first) ?? 0)
  cluster.write(producer)
  cluster.end(producer, true)
  cluster.services.brokers.stop(first, 'kill')
  await cluster.clock.advance(1)
  expect(cluster.state).toBe('PrepareCommit')
  await cluster.clock.advance(30_000)
  expect(cluster.coordinatorId).not.toBe(first)
  expect(cluster.state).toBe('CompleteCommit')
})

test('a topic that is deleted in the middle does not keep its transaction from ending', async () => {
  const cluster = new Cluster()
  const producer = cluster.init()
  cluster.write(producer)
  cluster.services.topics.delete('orders')
  cluster.end(producer, true)
  await cluster.clock.advance(0)
  expect(cluster.state).toBe('CompleteCommit')
})

test('a timeout aborts what is open, and the producer can write no more to it', async () => {
  const cluster = new Cluster()
  const producer = cluster.init()
  cluster.write(producer)
  await cluster.clock.advance(80_000)
  expect(cluster.state).toBe('CompleteAbort')
  expect(cluster.partition().lastStableOffset).toBe(2n)
  expect(codeOf(() => cluster.write(producer))).toBe('INVALID_PRODUCER_EPOCH')
})
