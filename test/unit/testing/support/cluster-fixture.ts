import { silentLogger } from '../../../../src/base/logger'
import { clusterHandlers } from '../../../../src/testing/apis/cluster-handlers'
import { ClientTelemetry } from '../../../../src/testing/telemetry/client-telemetry'
import { ClusterServices } from '../../../../src/testing/cluster-services'
import { releaseNamed } from '../../../../src/testing/cluster/releases'
import type { ApiHandler, RequestContext } from '../../../../src/testing/contracts/api-handler'
import { anonymous } from '../../../../src/testing/contracts/principal'
import { seededRandom } from '../../../../src/testing/simulation/seeded-random'
import type { ClientApi } from '../../../../src/wire/api'
import { Reader } from '../../../../src/wire/primitives/reader'
import { Writer } from '../../../../src/wire/primitives/writer'
import { FakeClock } from '../../support/fake-clock'

/** How a cluster for a test is made. */
export interface ClusterFixtureOptions {
  readonly brokers?: number
  readonly racks?: readonly (string | null)[]
  readonly version?: string
  readonly configs?: Readonly<Record<string, string>>
}

/** A whole cluster without a network: requests are encoded by the client's codecs and answered by the handlers. */
export class ClusterFixture {
  readonly clock = new FakeClock()
  readonly services: ClusterServices
  /** `Operation Resource name` of what nobody may do. */
  readonly denied = new Set<string>()
  readonly telemetry: ClientTelemetry
  readonly #handlers: ReadonlyMap<number, ApiHandler>

  constructor({ brokers = 1, racks = [], version = '4.3', configs = {} }: ClusterFixtureOptions = {}) {
    this.services = new ClusterServices({
      runtime: { clock: this.clock, random: seededRandom(11), logger: silentLogger },
      release: releaseNamed(version),
      brokerCount: brokers,
      configs,
      maxBytes: 1 << 26,
      authorizer: () => ({
        allows: (_, operation, resource, name) => !this.denied.has(`${operation} ${resource} ${name}`),
        allowsAny: () => true,
        authorizedOperations: (_, resource) => (resource === 'Cluster' ? 8096 : 3576),
      }),
    })
    for (let id = 1; id <= brokers; id++) {
      this.services.brokers.addBroker({ id, rack: racks[id - 1] ?? null, host: 'localhost', port: 9091 + id })
    }
    this.telemetry = new ClientTelemetry(this.services)
    this.#handlers = new Map(clusterHandlers(this.services, this.telemetry).map((one) => [one.api.key, one]))
  }

  /** Asks a broker, in any version that the API has. */
  async ask<Request, Response>(
    api: ClientApi<Request, Response>,
    version: number,
    request: Request,
    brokerId = 1,
  ): Promise<Response> {
    const found = this.#handlers.get(api.key)
    if (found === undefined) throw new Error(`${api.name} has no handler`)
    const written = new Writer()
    api.encodeRequest(written, request, version)
    const decoded = found.api.decodeRequest(new Reader(written.toBuffer()), version)
    const response = await found.handle(decoded, this.#context(version, brokerId))
    if (response === undefined) throw new Error(`${api.name} was not answered`)
    const answered = new Writer()
    found.api.encodeResponse(answered, response, version)
    return api.decodeResponse(new Reader(answered.toBuffer()), version)
  }

  /** Allows so many created and deleted partitions a second. */
  limitMutations(rate: number): void {
    this.services.quotas.alter(new Map([['client-id', 'test']]), [['controller_mutation_rate', rate]])
  }

  /** Lets a broker die, and its session run out. */
  async kill(id: number): Promise<void> {
    this.services.brokers.stop(id, 'kill')
    await this.clock.advance(1001)
  }

  close(): void {
    this.services.close()
  }

  #context(apiVersion: number, brokerId: number): RequestContext {
    const broker = this.services.brokers.get(brokerId)
    if (broker === undefined) throw new Error(`There is no broker ${brokerId}`)
    const session = {
      id: 1,
      principal: anonymous,
      clientHost: '127.0.0.1',
      softwareName: 'test',
      softwareVersion: '1',
      ended: new AbortController().signal,
    }
    return { broker, session, apiVersion, clientId: 'test', throttleMs: 0 }
  }
}
