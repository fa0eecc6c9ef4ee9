import { backoffMs } from '../../../../src/base/backoff'
import type { Clock } from '../../../../src/base/clock'
import { ErrorCode } from '../../../../src/base/error-codes'
import { ConnectionError } from '../../../../src/base/errors'
import { silentLogger } from '../../../../src/base/logger'
import type { Cluster, ClusterLease, RequestBody, SendOptions } from '../../../../src/cluster/cluster'
import type {
  BrokerMetadata,
  Metadata,
  PartitionMetadata,
  TopicMetadata,
} from '../../../../src/cluster/metadata'
import { builtInCodecs } from '../../../../src/wire/records/compression/codecs'
import type { ClientApi } from '../../../../src/wire/api'
import { fetchApi, type FetchRequest, type FetchResponse } from '../../../../src/wire/generated/client/fetch'
import {
  offsetForLeaderEpochApi,
  type OffsetForLeaderEpochRequest,
} from '../../../../src/wire/generated/client/offset-for-leader-epoch'
import { listOffsetsApi, type ListOffsetsRequest } from '../../../../src/wire/generated/client/list-offsets'
import { zeroUuid } from '../../../../src/wire/primitives/uuid'
import { seededRandom } from '../../../../src/testing/simulation/seeded-random'
import { FakeClock } from '../../support/fake-clock'
import { FakeLog } from './fake-log'

/** Metadata that a test sets. */
export class FakeMetadata implements Metadata {
  readonly clusterId = 'fake'
  readonly controllerId = 1
  readonly refreshes: string[] = []
  readonly topics = new Map<string, { topicId: string; partitions: PartitionMetadata[] }>()
  readonly #listeners = new Set<() => void>()
  nodes = [1, 2, 3]

  brokers(): readonly BrokerMetadata[] {
    return this.nodes.map((nodeId) => ({ nodeId, host: 'localhost', port: nodeId, rack: null }))
  }
  topic(name: string): TopicMetadata | undefined {
    const topic = this.topics.get(name)
    return topic && { name, topicId: topic.topicId, isInternal: false, partitions: topic.partitions }
  }
  topicName(topicId: string): string | undefined {
    return [...this.topics].find(([, topic]) => topic.topicId === topicId)?.[0]
  }
  partition(topic: string, partition: number): PartitionMetadata | undefined {
    return this.topics.get(topic)?.partitions[partition]
  }
  topicFailure(): undefined {}
  requireTopics(): Promise<void> {
    return Promise.resolve()
  }
  requestRefresh(reason: string): void {
    this.refreshes.push(reason)
  }
  refresh(): Promise<void> {
    return Promise.resolve()
  }
  listTopics(): Promise<readonly TopicMetadata[]> {
    return Promise.resolve([])
  }
  watchTopics(): () => void {
    return () => {}
  }
  updateLeader(topic: string, partition: number, leaderId: number, leaderEpoch: number): void {
    const known = this.partition(topic, partition)
    if (known === undefined || known.leaderEpoch >= leaderEpoch) return
    this.setLeader(topic, partition, leaderId, leaderEpoch)
  }
  onUpdate(listener: () => void): () => void {
    this.#listeners.add(listener)
    return () => void this.#listeners.delete(listener)
  }
  get listenerCount(): number {
    return this.#listeners.size
  }

  setLeader(topic: string, partition: number, leaderId: number, leaderEpoch: number): void {
    const found = this.topics.get(topic) ?? { topicId: `${topic}-id`.padEnd(22, 'x'), partitions: [] }
    this.topics.set(topic, found)
    found.partitions[partition] = {
      partition,
      leaderId,
      leaderEpoch,
      replicas: [1, 2, 3],
      isr: [1, 2, 3],
      offlineReplicas: [],
      errorCode: 0,
    }
    for (const listener of this.#listeners) listener()
  }
}

interface Session {
  id: number
  epoch: number
  partitions: Map<string, { topic: string; partition: number; fetchOffset: bigint; maxBytes: number }>
}

interface PendingFetch {
  answer(): void
  readonly nodeId: number
}

/** Brokers that answer Fetch and ListOffsets from logs in memory, with sessions and long polls as Kafka has them. */
export class FakeClusterOn<C extends Clock> implements Cluster {
  readonly clientId = 'test'
  readonly logger = silentLogger
  readonly metadata = new FakeMetadata()
  readonly requestTimeoutMs = 30_000
  readonly retryBackoffMaxMs = 1000
  readonly codecs = builtInCodecs
  /** The same numbers in each run: a failure can be found again. */
  readonly random = seededRandom(1)
  readonly logs = new Map<string, FakeLog>()
  readonly fetches: { nodeId: number; request: FetchRequest; options: SendOptions }[] = []
  readonly listOffsets: { nodeId: number; request: ListOffsetsRequest }[] = []
  readonly closedConnections: string[] = []
  leases = 0
  /** Errors that a partition's next fetches are answered with, by `topic-partition`. */
  readonly partitionErrors = new Map<string, number[]>()
  /** Errors of the next whole fetches. */
  readonly fetchErrors: number[] = []
  /** Brokers whose requests fail, and those that never answer. */
  readonly down = new Set<number>()
  readonly frozen = new Set<number>()
  /** Codes that the next ListOffsets answers carry. */
  readonly listOffsetsErrors: number[] = []
  readonly epochQuestions: { nodeId: number; request: OffsetForLeaderEpochRequest }[] = []
  /** Codes that the next OffsetForLeaderEpoch answers carry, and where the asked epoch ends; the log's end by default. */
  readonly epochErrors: number[] = []
  epochEndOffset: bigint | undefined
  preferredReplica = -1
  maxConcurrentFetches = 0
  #sessionIds = 0
  readonly #sessions = new Map<string, Session>()
  readonly #pending = new Set<PendingFetch>()
  readonly #underWay = new Map<number, number>()

  constructor(readonly clock: C) {}

  addTopic(topic: string, partitions: number, leaderOf: (partition: number) => number = () => 1): void {
    for (let partition = 0; partition < partitions; partition++) {
      this.logs.set(`${topic}-${partition}`, new FakeLog())
      this.metadata.setLeader(topic, partition, leaderOf(partition), 5)
    }
  }

  log(topic: string, partition: number): FakeLog {
    const log = this.logs.get(`${topic}-${partition}`)
    if (log === undefined) throw new Error(`no log of ${topic}-${partition}`)
    return log
  }

  /** Long polls look again: something was appended. */
  notify(): void {
    for (const pending of [...this.#pending]) pending.answer()
  }

  lease(): ClusterLease {
    this.leases++
    return {
      release: () => {
        this.leases--
        return Promise.resolve()
      },
    }
  }

  async send<Request, Response>(
    nodeId: number,
    api: ClientApi<Request, Response>,
    body: RequestBody<Request>,
    options: SendOptions = {},
  ): Promise<Response> {
    await Promise.resolve()
    if (this.down.has(nodeId)) throw new ConnectionError('CONNECTION_REFUSED', `broker ${nodeId} is down`)
    if (options.signal?.aborted) throw new ConnectionError('ABORTED', 'aborted')
    const key: number = api.key
    if (key === fetchApi.key) return (await this.#fetch(nodeId, body as FetchRequest, options)) as Response
    if (key === listOffsetsApi.key) return this.#listOffsets(nodeId, body as ListOffsetsRequest) as Response
    if (key === offsetForLeaderEpochApi.key) {
      return this.#offsetForLeaderEpoch(nodeId, body as OffsetForLeaderEpochRequest) as Response
    }
    throw new Error(`unexpected ${api.name}`)
  }

  async #fetch(nodeId: number, request: FetchRequest, options: SendOptions): Promise<FetchResponse> {
    this.fetches.push({ nodeId, request, options })
    const underWay = (this.#underWay.get(nodeId) ?? 0) + 1
    this.#underWay.set(nodeId, underWay)
    this.maxConcurrentFetches = Math.max(this.maxConcurrentFetches, underWay)
    try {
      return await new Promise<FetchResponse>((resolve, reject) => {
        const abort = () => finish(() => reject(new ConnectionError('ABORTED', 'aborted')))
        const finish = (settle: () => void) => {
          timer.cancel()
          this.#pending.delete(pending)
          options.signal?.removeEventListener('abort', abort)
          settle()
        }
        const answer = (isLate: boolean) => {
          if (this.frozen.has(nodeId)) return
          const response = this.#answerFetch(nodeId, request, options, isLate)
          if (response !== undefined) finish(() => resolve(response))
        }
        const timer = this.clock.setTimer(request.maxWaitMs, () => answer(true))
        const pending: PendingFetch = { nodeId, answer: () => answer(false) }
        this.#pending.add(pending)
        options.signal?.addEventListener('abort', abort)
        if (this.frozen.has(nodeId)) {
          this.clock.setTimer(options.timeoutMs ?? 30_000, abort)
        }
        answer(false)
      })
    } finally {
      this.#underWay.set(nodeId, (this.#underWay.get(nodeId) ?? 1) - 1)
    }
  }

  /** Undefined while the poll should wait. */
  #answerFetch(
    nodeId: number,
    request: FetchRequest,
    options: SendOptions,
    isLate: boolean,
  ): FetchResponse | undefined {
    const error = this.fetchErrors.shift()
    if (error !== undefined) return emptyResponse(error)
    const { session, error: sessionError } = this.#sessionOf(nodeId, request)
    if (session === undefined) return emptyResponse(sessionError ?? 0)
    const usesIds = (options.maxVersion ?? 18) >= 13
    const topics = new Map<string, FetchResponse['responses'][number]>()
    let bytes = 0
    let hasNews = false
    for (const entry of session.partitions.values()) {
      const budget = Math.min(entry.maxBytes, (request.maxBytes ?? Infinity) - bytes)
      const data = this.#partitionData(
        nodeId,
        entry,
        request.isolationLevel === 1,
        bytes === 0 ? entry.maxBytes : budget,
      )
      const isEmpty =
        data.errorCode === 0 && (data.records?.length ?? 0) === 0 && data.preferredReadReplica < 0
      bytes += data.records?.length ?? 0
      if (!isEmpty) hasNews = true
      // Only later requests of a session leave out what has nothing new.
      if (isEmpty && (request.sessionEpoch ?? -1) > 0) continue
      const { topic } = entry
      const found = topics.get(topic) ?? {
        topic: usesIds ? '' : topic,
        topicId: usesIds ? (this.metadata.topic(topic)?.topicId ?? '') : zeroUuid,
        partitions: [],
      }
      found.partitions.push(data)
      topics.set(topic, found)
    }
    if (!hasNews && !isLate && request.sessionEpoch !== -1) return undefined
    session.epoch++
    return { ...emptyResponse(0), sessionId: session.id, responses: [...topics.values()] }
  }

  #sessionOf(nodeId: number, request: FetchRequest): { session?: Session; error?: number } {
    const { sessionId = 0, sessionEpoch = -1 } = request
    const key = `${nodeId}:${sessionId}`
    if (sessionEpoch === -1 && sessionId !== 0) {
      this.#sessions.delete(key)
      return {}
    }
    let session: Session | undefined
    if (sessionEpoch === -1) session = { id: 0, epoch: 0, partitions: new Map() }
    else if (sessionEpoch === 0) {
      this.#sessions.delete(key)
      session = { id: ++this.#sessionIds, epoch: 0, partitions: new Map() }
      // A poll that waits builds its session again when it looks again.
      this.#sessions.set(`${nodeId}:${session.id}`, session)
    } else {
      session = this.#sessions.get(key)
      if (session === undefined) return { error: ErrorCode.FETCH_SESSION_ID_NOT_FOUND }
      if (session.epoch !== sessionEpoch) return { error: ErrorCode.INVALID_FETCH_SESSION_EPOCH }
    }
    for (const { topic = '', partitions } of request.forgottenTopicsData ?? []) {
      for (const partition of partitions) session.partitions.delete(`${topic}-${partition}`)
    }
    for (const { topic = '', partitions } of request.topics) {
      for (const { partition, fetchOffset, partitionMaxBytes } of partitions) {
        session.partitions.set(`${topic}-${partition}`, {
          topic,
          partition,
          fetchOffset,
          maxBytes: partitionMaxBytes,
        })
      }
    }
    return { session }
  }

  /** The broker loses its sessions, as after a restart. */
  dropSessions(): void {
    this.#sessions.clear()
  }

  #partitionData(
    nodeId: number,
    entry: { topic: string; partition: number; fetchOffset: bigint },
    isCommittedOnly: boolean,
    maxBytes: number,
  ): FetchResponse['responses'][number]['partitions'][number] {
    const { topic, partition, fetchOffset } = entry
    const log = this.log(topic, partition)
    const leader = this.metadata.partition(topic, partition)
    const isFollower = leader?.leaderId !== nodeId
    const errors = this.partitionErrors.get(`${topic}-${partition}`)
    let errorCode = errors?.shift() ?? 0
    if (errorCode === 0 && isFollower && this.preferredReplica !== nodeId)
      errorCode = ErrorCode.NOT_LEADER_OR_FOLLOWER
    if (errorCode === 0 && (fetchOffset < log.startOffset || fetchOffset > log.endOffset)) {
      errorCode = ErrorCode.OFFSET_OUT_OF_RANGE
    }
    const isRedirected = errorCode === 0 && !isFollower && this.preferredReplica >= 0
    const limit = isCommittedOnly ? (log.lastStableOffset ?? log.endOffset) : log.endOffset
    const records =
      errorCode !== 0 || isRedirected || maxBytes <= 0
        ? Buffer.alloc(0)
        : log.read(fetchOffset, maxBytes, limit)
    return {
      partitionIndex: partition,
      errorCode,
      highWatermark: log.endOffset,
      lastStableOffset: log.lastStableOffset ?? log.endOffset,
      logStartOffset: log.startOffset,
      divergingEpoch: { epoch: -1, endOffset: -1n },
      currentLeader: { leaderId: -1, leaderEpoch: -1 },
      snapshotId: { endOffset: -1n, epoch: -1 },
      abortedTransactions: isCommittedOnly ? log.abortedFor(fetchOffset, records) : null,
      preferredReadReplica: isRedirected ? this.preferredReplica : -1,
      records,
    }
  }

  #listOffsets(nodeId: number, request: ListOffsetsRequest) {
    this.listOffsets.push({ nodeId, request })
    return {
      throttleTimeMs: 0,
      topics: request.topics.map(({ name, partitions }) => ({
        name,
        partitions: partitions.map(({ partitionIndex, timestamp }) => {
          const log = this.log(name, partitionIndex)
          const errorCode = this.listOffsetsErrors.shift() ?? 0
          const found =
            timestamp === -2n
              ? log.startOffset
              : timestamp === -1n
                ? log.endOffset
                : timestamp > 1000n
                  ? -1n
                  : log.startOffset
          return {
            partitionIndex,
            errorCode,
            timestamp,
            offset: errorCode === 0 ? found : -1n,
            leaderEpoch: 5,
          }
        }),
      })),
    }
  }

  #offsetForLeaderEpoch(nodeId: number, request: OffsetForLeaderEpochRequest) {
    this.epochQuestions.push({ nodeId, request })
    return {
      throttleTimeMs: 0,
      topics: request.topics.map(({ topic, partitions }) => ({
        topic,
        partitions: partitions.map(({ partition, leaderEpoch }) => {
          const errorCode = this.epochErrors.shift() ?? 0
          const endOffset = this.epochEndOffset ?? this.log(topic, partition).endOffset
          return { errorCode, partition, leaderEpoch: endOffset < 0n ? -1 : leaderEpoch, endOffset }
        }),
      })),
    }
  }

  request<Response>(): Promise<Response> {
    return Promise.reject(new Error('not used by the consumer'))
  }
  coordinator(): Promise<number> {
    return Promise.resolve(1)
  }
  forgetCoordinator(): void {}
  backoffMs(failures: number): number {
    return backoffMs({ baseMs: 100, maxMs: this.retryBackoffMaxMs }, failures, this.random)
  }

  finalizedFeature(): number {
    return 0
  }
  negotiatedVersion(): Promise<number> {
    return Promise.resolve(17)
  }
  closeConnections(connection: string): void {
    this.closedConnections.push(connection)
  }
}

/** The brokers on a clock that the test moves. */
export class FakeCluster extends FakeClusterOn<FakeClock> {
  constructor() {
    super(new FakeClock())
  }
}

function emptyResponse(errorCode: number): FetchResponse {
  return { throttleTimeMs: 0, errorCode, sessionId: 0, responses: [], nodeEndpoints: [] }
}
