import type { SocketOpener } from '../../../../src/network/broker-socket'
import type { BrokerApi } from '../../../../src/wire/api'
import { requestHeaderVersion, responseHeaderVersion } from '../../../../src/wire/headers'
import { apiVersionsApi } from '../../../../src/wire/generated/broker/api-versions'
import { findCoordinatorApi } from '../../../../src/wire/generated/broker/find-coordinator'
import { heartbeatApi } from '../../../../src/wire/generated/broker/heartbeat'
import { metadataApi, type MetadataRequest } from '../../../../src/wire/generated/broker/metadata'
import { saslAuthenticateApi } from '../../../../src/wire/generated/broker/sasl-authenticate'
import { saslHandshakeApi } from '../../../../src/wire/generated/broker/sasl-handshake'
import { requestHeaderCodec } from '../../../../src/wire/generated/data/request-header'
import { responseHeaderCodec } from '../../../../src/wire/generated/data/response-header'
import { Reader } from '../../../../src/wire/primitives/reader'
import { Writer } from '../../../../src/wire/primitives/writer'
import { FakeSocket, systemError } from '../../network/support/fake-socket'

const apis = [
  apiVersionsApi,
  findCoordinatorApi,
  heartbeatApi,
  metadataApi,
  saslAuthenticateApi,
  saslHandshakeApi,
] as readonly BrokerApi<unknown, unknown>[]

/** One request as a fake broker saw it. */
export interface SeenRequest {
  readonly nodeId: number
  readonly socket: FakeSocket
  readonly api: string
  readonly version: number
  readonly body: unknown
}

/** Answers a request; `undefined` leaves it unanswered, `'close'` ends the connection. */
export type Handler = (request: SeenRequest) => unknown

export interface FakeTopic {
  topicId: string
  errorCode?: number
  partitions: { leaderId: number; leaderEpoch: number }[]
}

/** A cluster of the mind: brokers that speak the protocol over fake sockets, and do what a test tells them. */
export class FakeBrokers {
  /** Node id to whether it accepts connections; broker n listens on port 9000 + n of `host`. */
  readonly up = new Map<number, boolean>()
  /** What metadata names as alive; by default all. */
  alive: number[]
  host = 'kafka'
  controllerId = 1
  readonly topics = new Map<string, FakeTopic>()
  readonly seen: SeenRequest[] = []
  readonly sockets: FakeSocket[] = []
  readonly #handlers = new Map<string, Handler>()
  /** Version ranges that differ from ours, by API name. */
  readonly ranges = new Map<string, { minVersion: number; maxVersion: number }>()

  constructor(nodeIds: readonly number[]) {
    this.alive = [...nodeIds]
    for (const nodeId of nodeIds) this.up.set(nodeId, true)
    this.on('ApiVersions', ({ version }) => this.#apiVersions(version))
    this.on('Metadata', ({ body }) => this.metadata(body as MetadataRequest))
    this.on('FindCoordinator', ({ version, body }) => {
      const node = { nodeId: 1, host: this.host, port: 9001, errorCode: 0, errorMessage: null }
      const { coordinatorKeys = [] } = body as { coordinatorKeys?: string[] }
      return version >= 4 ? { coordinators: coordinatorKeys.map((key) => ({ key, ...node })) } : node
    })
    this.on('Heartbeat', () => ({ throttleTimeMs: 0, errorCode: 0 }))
  }

  on(api: string, handler: Handler): void {
    this.#handlers.set(api, handler)
  }

  /** How often an API was asked, on one node or on all. */
  count(api: string, nodeId?: number): number {
    return this.seen.filter((one) => one.api === api && (nodeId === undefined || one.nodeId === nodeId))
      .length
  }

  /** Sockets that are open, to one node or to all. */
  openSockets(nodeId?: number): FakeSocket[] {
    return this.sockets.filter(
      (socket) => !socket.destroyed && (nodeId === undefined || socket.target.port === 9000 + nodeId),
    )
  }

  /** The usual answer to a Metadata request. */
  metadata(request: MetadataRequest): object {
    const names =
      request.topics === null ? [...this.topics.keys()] : request.topics.map((topic) => topic.name as string)
    return {
      throttleTimeMs: 0,
      brokers: this.alive.map((nodeId) => ({ nodeId, host: this.host, port: 9000 + nodeId, rack: null })),
      clusterId: 'the-cluster',
      controllerId: this.controllerId,
      topics: names.map((name) => this.#describe(name)),
    }
  }

  #describe(name: string): object {
    const topic = this.topics.get(name)
    const partitions = (topic?.partitions ?? []).map((partition, partitionIndex) => ({
      ...partition,
      errorCode: 0,
      partitionIndex,
      replicaNodes: [partition.leaderId],
      isrNodes: [partition.leaderId],
      offlineReplicas: [],
    }))
    const topicId = topic?.topicId ?? 'AAAAAAAAAAAAAAAAAAAAAA'
    return {
      errorCode: topic === undefined ? 3 : (topic.errorCode ?? 0),
      name,
      topicId,
      isInternal: false,
      partitions,
    }
  }

  #apiVersions(version: number): object {
    const range = this.ranges.get('ApiVersions')
    const apiKeys = apis.map(({ key, name, minVersion, maxVersion }) => ({
      apiKey: key,
      ...(this.ranges.get(name) ?? { minVersion, maxVersion }),
    }))
    return {
      errorCode: range !== undefined && version > range.maxVersion ? 35 : 0,
      apiKeys,
      throttleTimeMs: 0,
    }
  }

  readonly factory: SocketOpener = (target, listener) => {
    const socket = new AnsweringSocket(target, listener, (frame) => this.#handle(socket, frame))
    this.sockets.push(socket)
    const up = this.up.get(target.port - 9000) === true
    queueMicrotask(() => (up ? socket.open() : socket.end(systemError('ECONNREFUSED'))))
    return socket
  }

  #handle(socket: FakeSocket, frame: Buffer): void {
    const api = apis.find(({ key }) => key === frame.readInt16BE(0)) as BrokerApi<unknown, unknown>
    const version = frame.readInt16BE(2)
    const reader = new Reader(frame)
    const { correlationId } = requestHeaderCodec.decode(reader, requestHeaderVersion(api, version))
    const known = version <= (this.ranges.get('ApiVersions')?.maxVersion ?? api.maxVersion)
    const body = api.key !== 18 || known ? api.decodeRequest(reader, version) : undefined
    const request = { nodeId: socket.target.port - 9000, socket, api: api.name, version, body }
    this.seen.push(request)
    const answer = this.#handlers.get(api.name)?.(request)
    if (answer === undefined) return
    if (answer === 'close') return socket.end()
    const layout = api.key === 18 && (answer as { errorCode: number }).errorCode === 35 ? 0 : version
    socket.deliver(encodeResponse(api, version, layout, correlationId, answer))
  }

  /** A broker dies: its connections end and new ones are refused. */
  kill(nodeId: number): void {
    this.up.set(nodeId, false)
    for (const socket of this.openSockets(nodeId)) socket.end(systemError('ECONNRESET'))
  }
}

function encodeResponse(
  api: BrokerApi<unknown, unknown>,
  version: number,
  layout: number,
  correlationId: number,
  answer: unknown,
): Buffer {
  const writer = new Writer()
  writer.writeInt32(0)
  responseHeaderCodec.encode(writer, { correlationId }, responseHeaderVersion(api, version))
  api.encodeResponse(writer, answer, layout)
  const bytes = writer.toBuffer()
  bytes.writeInt32BE(bytes.length - 4, 0)
  return bytes
}

/** Hands each written frame to a broker, one after another and never within the write itself. */
class AnsweringSocket extends FakeSocket {
  readonly #handle: (frame: Buffer) => void

  constructor(
    target: ConstructorParameters<typeof FakeSocket>[0],
    listener: ConstructorParameters<typeof FakeSocket>[1],
    handle: (frame: Buffer) => void,
  ) {
    super(target, listener)
    this.#handle = handle
  }

  override write(pieces: readonly Uint8Array[], onFlushed: () => void): void {
    const known = this.frames.length
    super.write(pieces, onFlushed)
    for (const frame of this.frames.slice(known)) {
      queueMicrotask(() => {
        if (!this.destroyed) this.#handle(frame)
      })
    }
  }
}
