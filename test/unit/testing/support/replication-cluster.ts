import { silentLogger } from '../../../../src/base/logger'
import { ClusterBrokers } from '../../../../src/testing/cluster/cluster-brokers'
import { ReplicatedPartition } from '../../../../src/testing/cluster/replicated-partition'
import { TopicRegistry } from '../../../../src/testing/cluster/topic-registry'
import { releaseNamed } from '../../../../src/testing/cluster/releases'
import type { NewTopicSpec } from '../../../../src/testing/contracts/topics'
import { ClusterConfigs } from '../../../../src/testing/configs/cluster-configs'
import { MemoryBudget } from '../../../../src/testing/log/memory-budget'
import { MemoryLog } from '../../../../src/testing/log/memory-log'
import type { ApiHandler, RequestContext } from '../../../../src/testing/contracts/api-handler'
import { anonymous } from '../../../../src/testing/contracts/principal'
import type { Services } from '../../../../src/testing/contracts/services'
import { seededRandom } from '../../../../src/testing/simulation/seeded-random'
import type { ClientApi } from '../../../../src/wire/api'
import { Reader } from '../../../../src/wire/primitives/reader'
import { Writer } from '../../../../src/wire/primitives/writer'
import { encodeRecordBatch, type RecordBatchInput } from '../../../../src/wire/records/encode-record-batch'
import { FakeClock } from '../../support/fake-clock'

function refuseUse(what: string): never {
  throw new TypeError(`This cluster has no ${what}`)
}

/** How a request comes in. */
export interface SendOptions {
  readonly version?: number
  readonly brokerId?: number
  readonly signal?: AbortSignal
}

/** Brokers, topics, configs, partitions and logs are the real ones; a test moves the clock. Nobody listens anywhere. */
export class ReplicationCluster implements Services {
  readonly release = releaseNamed('4.3')
  readonly clock = new FakeClock()
  readonly runtime = { clock: this.clock, random: seededRandom(7), logger: silentLogger }
  readonly clusterId = 'test-cluster'
  readonly budget = new MemoryBudget(this.runtime)
  readonly brokers: ClusterBrokers
  readonly topics: TopicRegistry
  readonly configs: ClusterConfigs
  /** `Operation Resource name` of what is refused. */
  readonly denied = new Set<string>()
  /** Bytes that the fetch quota was told of, and what it answers. */
  readonly fetched: number[] = []
  throttleMs = 0
  readonly authorizer = {
    allows: (_: RequestContext, operation: string, resource: string, name: string): boolean =>
      !this.denied.has(`${operation} ${resource} ${name}`),
    allowsAny: (): boolean => true,
    authorizedOperations: (): number => 0,
  }
  readonly quotas = {
    record: (_: RequestContext, _kind: string, amount: number): number => {
      this.fetched.push(amount)
      return this.throttleMs
    },
  }
  readonly offsets: Services['offsets']

  constructor(brokerCount = 3, configs: Readonly<Record<string, string>> = {}) {
    this.configs = new ClusterConfigs({ brokerCount, configs })
    this.brokers = new ClusterBrokers(this)
    const nothing = (): undefined => undefined
    // Deleting a topic tells the offsets; these cases have none.
    this.offsets = new Proxy<Services['offsets']>({} as Services['offsets'], { get: () => nothing })
    this.topics = new TopicRegistry({
      services: this,
      createPartition: (place) =>
        new ReplicatedPartition({
          ...place,
          services: this,
          createLog: () =>
            new MemoryLog({
              topic: place.topic,
              partition: place.index,
              config: () => this.configs.log(place.topic),
              runtime: this.runtime,
              budget: this.budget,
            }),
        }),
    })
    for (let id = 1; id <= brokerCount; id++) {
      this.brokers.addBroker({ id, host: '127.0.0.1', port: 9090 + id })
    }
  }

  get coordinators(): never {
    return refuseUse('coordinators')
  }

  get groups(): never {
    return refuseUse('groups')
  }

  get transactions(): never {
    return refuseUse('transactions')
  }

  /** Creates a topic on brokers 1, 2, 3 … in this order of preference. */
  createTopic(
    name: string,
    { partitions = 1, replicas = this.brokers.all.map(({ id }) => id), configs = {} }: TestTopic = {},
  ): ReplicatedPartition[] {
    const assignments = new Map(Array.from({ length: partitions }, (_, index) => [index, replicas]))
    const spec: NewTopicSpec = { name, assignments, configs }
    this.topics.create(spec)
    return Array.from({ length: partitions }, (_, index) => this.partition(name, index))
  }

  partition(topic: string, index = 0): ReplicatedPartition {
    const partition = this.topics.partition(topic, index)
    if (!(partition instanceof ReplicatedPartition)) throw new Error(`There is no ${topic}-${index}`)
    return partition
  }

  /** Sends through the real codecs of both sides. Undefined when nothing was answered. */
  async send<Request, Response>(
    api: ClientApi<Request, Response>,
    handlers: readonly ApiHandler[],
    request: Request,
    { version = api.maxVersion, brokerId = 1, signal = new AbortController().signal }: SendOptions = {},
  ): Promise<Response | undefined> {
    const found = handlers.find((candidate) => candidate.api.key === api.key)
    if (found === undefined) return refuseUse(`handler of ${api.name}`)
    const sent = new Writer()
    api.encodeRequest(sent, request, version)
    const decoded = found.api.decodeRequest(new Reader(sent.toBuffer()), version)
    const response = await found.handle(decoded, this.#context(version, brokerId, signal))
    if (response === undefined) return undefined
    const answered = new Writer()
    found.api.encodeResponse(answered, response, version)
    return api.decodeResponse(new Reader(answered.toBuffer()), version)
  }

  #context(apiVersion: number, brokerId: number, ended: AbortSignal): RequestContext {
    const broker = this.brokers.get(brokerId) ?? refuseUse(`broker ${brokerId}`)
    const session = {
      id: 1,
      principal: anonymous,
      clientHost: '127.0.0.1',
      softwareName: 'test',
      softwareVersion: '1',
      ended,
    }
    return { broker, session, apiVersion, clientId: 'client', throttleMs: 0 }
  }
}

/** A topic as these cases need it. */
export interface TestTopic {
  readonly partitions?: number
  readonly replicas?: readonly number[]
  readonly configs?: Readonly<Record<string, string>>
}

/** A batch as a producer sends it; the values are its records. */
export function batchOf(values: readonly string[], more: Partial<RecordBatchInput> = {}): Buffer {
  const timestamp = 1_700_000_000_000
  const records = values.map((value) => ({ timestamp, key: null, value }))
  return encodeRecordBatch({ records, ...more })
}

/** What a caught refusal is called. */
export function codeOf(act: () => unknown): string {
  try {
    act()
  } catch (error) {
    return String((error as { readonly code?: unknown }).code)
  }
  return 'nothing'
}
