import { backoffMs } from '../../../../src/base/backoff'
import type { Clock } from '../../../../src/base/clock'
import { Deadline } from '../../../../src/base/deadline'
import { silentLogger } from '../../../../src/base/logger'
import type {
  Cluster,
  ClusterLease,
  RequestBody,
  RequestOptions,
  RequestTarget,
  SendOptions,
} from '../../../../src/cluster/cluster'
import { builtInCodecs } from '../../../../src/wire/records/compression/codecs'
import type { ClientApi } from '../../../../src/wire/api'
import type { ProduceRequest, ProduceResponse } from '../../../../src/wire/generated/client/produce'
import { seededRandom } from '../../../../src/testing/simulation/seeded-random'
import { FakeMetadata } from './fake-metadata'
import { FakeProduce } from './fake-produce'

interface Identity {
  readonly producerId: bigint
  readonly producerEpoch: number
}

/** A cluster that carries Produce requests to the test and gives producer ids. */
export class FakeProduceCluster implements Cluster {
  readonly clientId = 'test'
  readonly logger = silentLogger
  readonly metadata = new FakeMetadata()
  readonly requestTimeoutMs = 30_000
  readonly retryBackoffMaxMs = 1000
  readonly codecs = builtInCodecs
  /** The same numbers in each run: a failure can be found again. */
  readonly random = seededRandom(1)
  readonly clock: Clock
  /** All Produce requests so far. */
  readonly produced: FakeProduce[] = []
  /** Decides about each request as it comes; by default the test does. */
  onProduce: (produce: FakeProduce) => void = () => {}
  /** What InitProducerId gives; throws for an error. */
  giveIdentity: () => Identity | Promise<Identity>
  identitiesAsked = 0
  leases = 0
  closedConnections: string[] = []
  connections = new Set<string>()

  constructor(clock: Clock) {
    this.clock = clock
    this.giveIdentity = () => ({ producerId: BigInt(1000 + this.identitiesAsked), producerEpoch: 0 })
  }

  /** Requests without an outcome. */
  get pending(): FakeProduce[] {
    return this.produced.filter((produce) => !produce.settled)
  }

  /** The only request without an outcome. */
  get next(): FakeProduce {
    const { pending } = this
    if (pending.length !== 1) throw new Error(`${pending.length} requests are pending`)
    return pending[0] as FakeProduce
  }

  lease(): ClusterLease {
    this.leases++
    return {
      release: async () => void this.leases--,
    }
  }

  send<Request, Response>(
    nodeId: number,
    api: ClientApi<Request, Response>,
    body: RequestBody<Request>,
    options: SendOptions = {},
  ): Promise<Response> {
    const version = Math.min(api.maxVersion, options.maxVersion ?? Infinity)
    const request = typeof body === 'function' ? (body as (version: number) => Request)(version) : body
    this.connections.add(options.connection ?? '')
    return new Promise((resolve, reject) => {
      const answer = resolve as (response: unknown) => void
      const produce = new FakeProduce(
        nodeId,
        version,
        request as ProduceRequest,
        (response: ProduceResponse) => answer(response),
        reject,
      )
      this.produced.push(produce)
      this.onProduce(produce)
    })
  }

  async request<Request, Response>(
    _target: RequestTarget,
    _api: ClientApi<Request, Response>,
    _body: RequestBody<Request>,
    options: RequestOptions<Response>,
  ): Promise<Response> {
    if (!(options.deadline instanceof Deadline)) throw new Error('A request without a deadline')
    this.identitiesAsked++
    const identity: unknown = { errorCode: 0, throttleTimeMs: 0, ...(await this.giveIdentity()) }
    return identity as Response
  }

  async coordinator(): Promise<number> {
    return 1
  }

  forgetCoordinator(): void {}

  backoffMs(failures: number): number {
    return backoffMs({ baseMs: 100, maxMs: this.retryBackoffMaxMs }, failures, this.random)
  }

  finalizedFeature(): number {
    return 0
  }

  async negotiatedVersion(): Promise<number> {
    return 13
  }

  closeConnections(connection: string): void {
    this.closedConnections.push(connection)
  }
}
