import { silentLogger } from '../../../../src/base/logger'
import { ErrorCode } from '../../../../src/base/error-codes'
import { consumerGroupHandlers } from '../../../../src/testing/apis/consumer-group-handlers'
import { groupHandlers } from '../../../../src/testing/apis/group-handlers'
import { shareGroupHandlers } from '../../../../src/testing/apis/share-group-handlers'
import { ClusterServices } from '../../../../src/testing/cluster-services'
import { releaseNamed } from '../../../../src/testing/cluster/releases'
import type { Topic } from '../../../../src/testing/contracts/topics'
import type { ApiHandler } from '../../../../src/testing/contracts/api-handler'
import { anonymous } from '../../../../src/testing/contracts/principal'
import { seededRandom } from '../../../../src/testing/simulation/seeded-random'
import type { ClientApi } from '../../../../src/wire/api'
import { Reader } from '../../../../src/wire/primitives/reader'
import { Writer } from '../../../../src/wire/primitives/writer'
import { FakeClock } from '../../support/fake-clock'

/** How a cluster for a test is made. */
export interface GroupFixtureOptions {
  readonly brokers?: number
  readonly configs?: Readonly<Record<string, string>>
}

/** Where a request comes from and goes to. */
export interface Route {
  readonly broker?: number
  /** Ends the connection that it came by. */
  readonly ended?: AbortSignal
}

/** A cluster with its groups of all kinds and no network: requests and responses still pass through the codecs. */
export class GroupFixture {
  readonly clock = new FakeClock()
  readonly services: ClusterServices
  /** `Describe Topic secret` and the like: what nobody may do. */
  readonly forbidden = new Set<string>()
  readonly #handlers: ReadonlyMap<number, ApiHandler>
  readonly #connection = new AbortController().signal

  constructor({ brokers = 1, configs = {} }: GroupFixtureOptions = {}) {
    this.services = new ClusterServices({
      runtime: { clock: this.clock, random: seededRandom(3), logger: silentLogger },
      release: releaseNamed('4.3'),
      brokerCount: brokers,
      configs,
      maxBytes: 1 << 26,
      authorizer: () => ({
        allows: (_, operation, resource, name) => !this.forbidden.has(`${operation} ${resource} ${name}`),
        allowsAny: () => true,
        authorizedOperations: () => 8,
      }),
    })
    for (let id = 1; id <= brokers; id++) {
      this.services.brokers.addBroker({ id, rack: `rack-${id}`, host: 'localhost', port: 9091 + id })
    }
    const handlers = [consumerGroupHandlers, shareGroupHandlers, groupHandlers]
    this.#handlers = new Map(handlers.flatMap((make) => make(this.services)).map((one) => [one.api.key, one]))
  }

  /** Undefined when the broker does not answer, because the connection ended. */
  async send<Request, Response>(
    api: ClientApi<Request, Response>,
    version: number,
    request: Request,
    route: Route = {},
  ): Promise<Response | undefined> {
    const { broker = 1, ended = this.#connection } = route
    const found = this.#handlers.get(api.key)
    const node = this.services.brokers.get(broker)
    if (found === undefined || node === undefined) throw new Error(`${api.name} is not served by ${broker}`)
    const written = new Writer()
    api.encodeRequest(written, request, version)
    const session = { ...sessionOfAnybody, ended }
    const response = await found.handle(found.api.decodeRequest(new Reader(written.toBuffer()), version), {
      broker: node,
      session,
      apiVersion: version,
      clientId: 'a-client',
      throttleMs: 0,
    })
    if (response === undefined) return undefined
    const answered = new Writer()
    found.api.encodeResponse(answered, response, version)
    return api.decodeResponse(new Reader(answered.toBuffer()), version)
  }

  async ask<Request, Response>(
    api: ClientApi<Request, Response>,
    version: number,
    request: Request,
    route: Route = {},
  ): Promise<Response> {
    const response = await this.send(api, version, request, route)
    if (response === undefined) throw new Error(`${api.name} was not answered`)
    return response
  }

  createTopic(name: string, partitions: number): Topic {
    return this.services.topics.create({ name, partitions })
  }

  /** The coordinator of all groups moves. */
  moveCoordinator(): void {
    for (const group of this.services.groups.all) group.coordinatorMoved()
  }

  /** Ends everything; no timer may be left. */
  close(): void {
    this.services.close()
    expect(this.clock.pendingTimers).toBe(0)
  }
}

const sessionOfAnybody = {
  id: 1,
  principal: anonymous,
  clientHost: '127.0.0.1',
  softwareName: 'unknown',
  softwareVersion: 'unknown',
}

/** Kafka's name of an error. */
export function codeName(errorCode: number): string {
  return Object.entries(ErrorCode).find(([, code]) => code === errorCode)?.[0] ?? String(errorCode)
}
