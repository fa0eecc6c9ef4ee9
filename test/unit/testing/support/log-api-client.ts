import { logHandlers } from '../../../../src/testing/apis/log-handlers'
import type { ApiHandler, RequestContext } from '../../../../src/testing/contracts/api-handler'
import { anonymous } from '../../../../src/testing/contracts/principal'
import type { Services } from '../../../../src/testing/contracts/services'
import type { ProducerIdAndEpoch, Transactions } from '../../../../src/testing/contracts/transactions'
import type { ClientApi } from '../../../../src/wire/api'
import { Reader } from '../../../../src/wire/primitives/reader'
import { Writer } from '../../../../src/wire/primitives/writer'
import { ReplicationCluster } from './replication-cluster'

/** A transaction coordinator that notes what it is asked and refuses with what a test sets. */
export class FakeVerification {
  readonly asked: [string, ProducerIdAndEpoch, string, number, boolean, boolean | undefined][] = []
  refusal: Error | undefined

  readonly verifyPartition: Transactions['verifyPartition'] = (
    id,
    producer,
    partition,
    mayAdd,
    knowsAbortable,
  ) => {
    this.asked.push([id, producer, partition.topic, partition.index, mayAdd, knowsAbortable])
    if (this.refusal !== undefined) throw this.refusal
  }
}

export interface AskOptions {
  readonly version?: number
  readonly brokerId?: number
  readonly clientId?: string
}

/** Asks the handlers of the log's APIs over a cluster of real partitions, with requests and responses as bytes. */
export class LogApiClient {
  readonly cluster: ReplicationCluster
  readonly verification = new FakeVerification()
  /** Of the last request. */
  context: RequestContext | undefined
  readonly #handlers: readonly ApiHandler[]

  constructor(brokerCount = 3, configs: Readonly<Record<string, string>> = {}) {
    this.cluster = new ReplicationCluster(brokerCount, configs)
    const { verification } = this
    const services = new Proxy<Services>(this.cluster, {
      get: (target, name) =>
        name === 'transactions' ? verification : (Reflect.get(target, name) as unknown),
    })
    this.#handlers = logHandlers(services)
  }

  async ask<Request, Response>(
    api: ClientApi<Request, Response>,
    request: Request,
    options: AskOptions = {},
  ): Promise<Response> {
    const response = await this.askMaybe(api, request, options)
    if (response === undefined) throw new TypeError(`${api.name} was not answered`)
    return response
  }

  /** As `ask`; undefined when nothing is answered. */
  async askMaybe<Request, Response>(
    api: ClientApi<Request, Response>,
    request: Request,
    { version = api.maxVersion, brokerId = 1, clientId = 'client' }: AskOptions = {},
  ): Promise<Response | undefined> {
    const handler = this.#handlers.find((candidate) => candidate.api.key === api.key)
    const broker = this.cluster.brokers.get(brokerId)
    if (handler === undefined || broker === undefined) throw new TypeError(`Nobody answers ${api.name}`)
    const sent = new Writer()
    api.encodeRequest(sent, request, version)
    const ended = new AbortController().signal
    const software = { softwareName: 'test', softwareVersion: '1' }
    const session = { id: 1, principal: anonymous, clientHost: '127.0.0.1', ...software, ended }
    const context: RequestContext = { broker, session, apiVersion: version, clientId, throttleMs: 0 }
    this.context = context
    const response = await handler.handle(
      handler.api.decodeRequest(new Reader(sent.toBuffer()), version),
      context,
    )
    if (response === undefined) return undefined
    const answered = new Writer()
    handler.api.encodeResponse(answered, response, version)
    return api.decodeResponse(new Reader(answered.toBuffer()), version)
  }
}
