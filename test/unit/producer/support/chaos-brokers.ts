import { FakePartitionLog } from './fake-partition-log'
import type { Answer, FakeProduce, ReceivedBatch } from './fake-produce'
import type { FakeProduceCluster } from './fake-produce-cluster'

const notLeader = 6
const requestTimedOut = 7
const messageTooLarge = 10
const notEnoughReplicas = 19
const notEnoughReplicasAfterAppend = 20

export interface ChaosOptions {
  /** Probability that something goes wrong with a request. */
  readonly faultRate: number
  /** Largest batch a broker takes. */
  readonly maxBatchBytes: number
  /** Whether a broker may handle a request after it answered others that came later, over another connection. */
  readonly lateRequests?: boolean
}

interface Arrived {
  readonly produce: FakeProduce
  readonly at: number
}

/**
 * Three brokers over one replicated log a partition. Requests of a broker are handled one after another; connections
 * die with requests in every state, answers are lost, leaders move, and what a dead connection left behind may still
 * be handled, late but in order.
 */
export class ChaosBrokers {
  readonly logs: FakePartitionLog[]
  /** While true nothing goes wrong. */
  calm = false
  readonly #cluster: FakeProduceCluster
  readonly #random: () => number
  readonly #options: ChaosOptions
  readonly #leaders: number[]
  readonly #connections = new Map<number, Arrived[]>()
  readonly #late: { produce: FakeProduce; at: number }[] = []
  #leaderEpoch = 1

  constructor(cluster: FakeProduceCluster, partitions: number, random: () => number, options: ChaosOptions) {
    this.#cluster = cluster
    this.#random = random
    this.#options = options
    this.logs = Array.from({ length: partitions }, () => new FakePartitionLog())
    this.#leaders = this.logs.map((_, i) => (i % 3) + 1)
    this.#publish()
    cluster.onProduce = (produce) =>
      this.#connection(produce.nodeId).push({ produce, at: cluster.clock.now() })
    cluster.metadata.onRefreshRequested = () => this.#cluster.clock.setTimer(5, () => this.#publish())
  }

  /** Lets a moment pass at every broker. */
  step(): void {
    if (!this.calm && this.#random() < this.#options.faultRate * 0.1) this.#moveLeader()
    for (const nodeId of [1, 2, 3]) {
      if (this.#random() < 0.6) this.#handleOne(nodeId)
    }
    while (this.#late[0] !== undefined && this.#late[0].at <= this.#cluster.clock.now()) {
      for (const batch of (this.#late.shift() as { produce: FakeProduce }).produce.batches) this.#store(batch)
    }
  }

  #handleOne(nodeId: number): void {
    const connection = this.#connection(nodeId)
    const fault = this.calm ? 1 : this.#random() / this.#options.faultRate
    if (fault < 0.3 && connection.length > 0) return this.#cut(nodeId)
    const { produce } = connection.shift() ?? {}
    if (produce === undefined) return
    produce.answer((batch) => this.#answer(nodeId, batch, fault))
  }

  #answer(nodeId: number, batch: ReceivedBatch, fault: number): Answer {
    const leaderId = this.#leaders[batch.partition] as number
    if (leaderId !== nodeId) {
      const currentLeader = { leaderId, leaderEpoch: this.#leaderEpoch }
      return { errorCode: notLeader, ...(this.#random() < 0.5 && { currentLeader }) }
    }
    if (batch.batch.sizeInBytes > this.#options.maxBatchBytes) return { errorCode: messageTooLarge }
    if (fault < 0.5) return { errorCode: notEnoughReplicas }
    if (fault < 0.7) return { errorCode: requestTimedOut }
    const stored = this.#store(batch)
    if (fault < 0.85 && stored.errorCode === 0) return { errorCode: notEnoughReplicasAfterAppend }
    if (fault < 1 && stored.errorCode === 0) return { errorCode: requestTimedOut }
    return stored
  }

  #store(batch: ReceivedBatch) {
    return (this.logs[batch.partition] as FakePartitionLog).append(batch)
  }

  /** The connection dies: some of its requests were handled, some are handled later, some never. */
  #cut(nodeId: number): void {
    const requests = this.#connection(nodeId).splice(0)
    const handled = Math.floor(this.#random() * (requests.length + 1))
    const late = this.#options.lateRequests === true && this.#random() < 0.3
    requests.forEach(({ produce }, i) => {
      const belongsHere = produce.batches.every((batch) => this.#leaders[batch.partition] === nodeId)
      const fits = produce.batches.every((batch) => batch.batch.sizeInBytes <= this.#options.maxBatchBytes)
      if (belongsHere && fits && i < handled) {
        if (late) this.#late.push({ produce, at: this.#cluster.clock.now() + 20 })
        else for (const batch of produce.batches) this.#store(batch)
      }
      produce.lose({ maybeWritten: true })
    })
  }

  #moveLeader(): void {
    const partition = Math.floor(this.#random() * this.#leaders.length)
    this.#leaders[partition] = Math.floor(this.#random() * 3) + 1
    this.#leaderEpoch++
    if (this.#random() < 0.3) this.#publish()
  }

  #publish(): void {
    this.#cluster.metadata.setTopic('t', [...this.#leaders], { leaderEpoch: this.#leaderEpoch })
  }

  #connection(nodeId: number): Arrived[] {
    let connection = this.#connections.get(nodeId)
    if (connection === undefined) this.#connections.set(nodeId, (connection = []))
    return connection
  }
}
