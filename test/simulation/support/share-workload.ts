import {
  Kafka,
  type ShareConsumer,
  type ShareConsumerOptions,
  type ShareHandlerContext,
  type ShareMessage,
} from '../../../src'
import { Deadline } from '../../../src/base/deadline'
import { resolveClusterOptions } from '../../../src/cluster/cluster-options'
import { createCluster } from '../../../src/cluster/create-cluster'
import { GroupRequests } from '../../../src/group/group-requests'
import type { BrokerApiName, Simulation } from '../../../src/testing'
import { describeShareGroupOffsetsApi } from '../../../src/wire/generated/client/describe-share-group-offsets'
import { disturb } from './disturbances'
import { fateOf, ShareLedger } from './share-ledger'

const topic = 'tasks'
const groupId = 'workers'
const partitions = 3
const deliveryLimit = 10
const lockMs = 15_000
/** Faults that are over may show for so long: requests that wait for an answer, sessions, locks. */
const aftermathMs = 60_000

const memberApis: readonly BrokerApiName[] = ['ShareFetch', 'ShareAcknowledge', 'ShareGroupHeartbeat']
const disturbedApis: readonly BrokerApiName[] = [
  ...memberApis,
  'ShareFetch',
  'ShareAcknowledge',
  'Metadata',
  'FindCoordinator',
  'Produce',
]

/**
 * Members of a share group at work while the cluster is disturbed, and while they come, go, die and freeze; then in peace;
 * then everything comes to rest, and what was done is compared with what is in the logs (rows S1 to S5).
 */
export async function runShareWorkload(sim: Simulation): Promise<ShareLedger> {
  const { chance } = sim
  const ledger = new ShareLedger(deliveryLimit)
  const configs = { 'min.insync.replicas': '2' }
  sim.cluster.createTopic(topic, { partitions, replicationFactor: 3, configs })
  const kafka = new Kafka({ ...sim.clientOptions(), retryBackoffMs: 50 })
  await configure(kafka)
  const workers = new Workers(sim, ledger)
  const quietAt = chance.between(5000, 30_000)
  await Promise.all([
    disturb(sim, [topic], quietAt, disturbedApis),
    produce(sim, kafka, quietAt),
    workers.churn(quietAt),
  ])
  await sim.sleep(aftermathMs)
  ledger.setCalm(sim.now)
  await produce(sim, kafka, sim.now + 5000)
  const lags = new GroupLags(sim)
  await lags.settle(10 * lockMs)
  await workers.close()
  ledger.check(sim.cluster.records(topic), await lags.read())
  await lags.close()
  const [failure] = sim.cluster.failures
  if (failure !== undefined) throw new Error(`The broker itself failed: ${JSON.stringify(failure)}`)
  return ledger
}

async function configure(kafka: Kafka): Promise<void> {
  await using admin = kafka.admin()
  const set = {
    'share.auto.offset.reset': 'earliest',
    'share.record.lock.duration.ms': lockMs,
    'share.delivery.count.limit': deliveryLimit,
  }
  await admin.incrementalAlterConfigs([{ type: 'group', name: groupId, set }])
}

/** Sends records of every fate until then. What fails to be stored is not missed. */
async function produce(sim: Simulation, kafka: Kafka, untilMs: number): Promise<void> {
  const { chance } = sim
  await using producer = kafka.producer()
  const sending: Promise<unknown>[] = []
  for (let count = 0; sim.now < untilMs;) {
    for (let i = chance.between(1, 10); i > 0; i--) {
      const fate = chance.happens(0.03) ? 'poison' : chance.happens(0.05) ? 'reject' : 'plain'
      const value = `${fate}-${count++}`
      const partition = chance.between(0, partitions - 1)
      sending.push(producer.send(topic, { value, partition }).catch(() => undefined))
    }
    await sim.sleep(chance.between(10, 600))
  }
  await Promise.all(sending)
}

/** Members that come and go, and do with each message what its value says. */
class Workers {
  readonly #sim: Simulation
  readonly #ledger: ShareLedger
  readonly #active = new Map<string, ShareConsumer>()
  readonly #closing: Promise<void>[] = []
  #count = 0

  constructor(sim: Simulation, ledger: ShareLedger) {
    this.#sim = sim
    this.#ledger = ledger
  }

  async churn(untilMs: number): Promise<void> {
    const { chance } = this.#sim
    this.#join()
    while (this.#sim.now < untilMs) {
      await this.#sim.sleep(chance.between(200, 4000))
      const name = chance.pick([...this.#active.keys()])
      if (name !== undefined && this.#active.size > 1 && chance.happens(0.5)) this.#end(name)
      else if (this.#active.size < 4) this.#join()
    }
    while (this.#active.size < 2) this.#join()
  }

  async close(): Promise<void> {
    for (const consumer of this.#active.values()) this.#closing.push(consumer.close())
    await Promise.all(this.#closing)
  }

  /** It leaves as it should, dies with its connections, or freezes and comes back when others have its work. */
  #end(name: string): void {
    const consumer = this.#active.get(name)
    if (consumer === undefined) return
    const how = this.#sim.chance.pick(['leaves', 'dies', 'freezes'] as const)
    this.#sim.trace(`${name} ${String(how)}`)
    if (how === 'freezes') return this.#freeze(name)
    this.#active.delete(name)
    this.#closing.push(consumer.close(how === 'dies' ? { timeoutMs: 0 } : {}))
  }

  #freeze(name: string): void {
    for (const api of memberApis) {
      this.#sim.cluster.on(api, (_, exchange) => (exchange.clientId === name ? exchange.drop() : undefined))
    }
  }

  #join(): void {
    const { chance } = this.#sim
    const name = `w${this.#count++}`
    const options: ShareConsumerOptions = {
      groupId,
      topics: [topic],
      acknowledgementMode: chance.pick(['implicit', 'explicit'] as const),
      acquireMode: chance.pick(['batch_optimized', 'record_limit'] as const),
      maxPollRecords: chance.pick([1, 5, 50]),
      lockRenewal: chance.happens(0.3),
      fetchMaxWaitMs: chance.between(50, 500),
      onAcknowledged: (results) => this.#ledger.note(name, results),
    }
    this.#sim.trace(`${name} joins: ${JSON.stringify(options)}`)
    const kafka = new Kafka({
      ...this.#sim.clientOptions(),
      clientId: name,
      requestTimeoutMs: chance.between(1500, 5000),
      retryBackoffMs: 50,
    })
    const consumer = kafka.shareConsumer(options)
    const work = async (message: ShareMessage, context: ShareHandlerContext) => {
      const end = this.#ledger.begin(name, message, this.#sim.now)
      // Once its lock is gone it holds nothing, whatever it does.
      context.signal.addEventListener('abort', end, { once: true })
      try {
        await this.#work(consumer, message, end)
      } finally {
        end()
      }
    }
    const concurrency = chance.between(1, 8)
    consumer
      .run(work, {
        concurrency,
        onError: (_, message) => (fateOf(String(message.value)) === 'reject' ? 'reject' : 'release'),
      })
      .catch((error: unknown) => this.#ledger.violations.push(`${name} ended: ${String(error)}`))
    this.#active.set(name, consumer)
  }

  /** @param end of what is done under the lock: a word that is final gives it back */
  async #work(consumer: ShareConsumer, message: ShareMessage, end: () => void): Promise<void> {
    const { chance } = this.#sim
    if (chance.happens(0.3)) await this.#sim.sleep(chance.between(1, 300))
    // Past the end of its lock, unless that is renewed.
    if (chance.happens(0.01)) await this.#sim.sleep(lockMs + 2000)
    const fate = fateOf(String(message.value))
    if (consumer.options.acknowledgementMode === 'implicit') {
      if (fate !== 'plain' || chance.happens(0.02)) throw new RangeError('it could not be done')
      return
    }
    if (fate === 'reject') message.acknowledge('reject')
    else if (fate === 'poison' || chance.happens(0.02)) message.acknowledge('release')
    else if (chance.happens(0.05)) message.acknowledge('renew')
    else message.acknowledge('accept')
    end()
    if (chance.happens(0.1)) await consumer.commit().catch(() => undefined)
  }
}

/** What the group has still to do, as its coordinator tells it. */
class GroupLags {
  readonly #sim: Simulation
  readonly #cluster: ReturnType<typeof createCluster>
  readonly #lease: ReturnType<ReturnType<typeof createCluster>['lease']>
  readonly #requests: GroupRequests

  constructor(sim: Simulation) {
    this.#sim = sim
    this.#cluster = createCluster(resolveClusterOptions({ ...sim.clientOptions(), clientId: 'judge' }))
    this.#lease = this.#cluster.lease()
    this.#requests = new GroupRequests(this.#cluster, groupId, 'judge')
  }

  /** Waits until everything is done, or for so long. */
  async settle(limitMs: number): Promise<void> {
    const end = this.#sim.now + limitMs
    while (this.#sim.now < end && (await this.read()).some((lag) => lag !== 0n)) await this.#sim.sleep(1000)
  }

  /** By partition. */
  async read(): Promise<bigint[]> {
    const { groups } = await this.#requests.attempt(
      describeShareGroupOffsetsApi,
      { groups: [{ groupId, topics: null }] },
      { deadline: new Deadline(this.#cluster.clock, 'lags', 30_000), errorCodes: () => [] },
    )
    const lags = new Array<bigint>(partitions).fill(-1n)
    for (const { partitionIndex, lag } of groups[0]?.topics[0]?.partitions ?? []) lags[partitionIndex] = lag
    return lags
  }

  async close(): Promise<void> {
    await this.#lease.release()
  }
}
