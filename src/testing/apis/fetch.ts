import { ErrorCode } from '../../base/error-codes'
import { fetchApi, type FetchRequest, type FetchResponse } from '../../wire/generated/broker/fetch'
import type { BrokerNode } from '../contracts/brokers'
import { openFetchContext } from '../fetch/fetch-context'
import { readAll, type FetchRead } from '../fetch/fetch-reader'
import { fetchResponse, refusedResponse } from '../fetch/fetch-response'
import { FetchSessionCache } from '../fetch/fetch-session-cache'
import { waitForRecords } from '../fetch/fetch-wait'
import type { FetchPartition } from '../fetch/fetch-partition'
import type { FetchScope } from '../fetch/partition-read'
import { handler, type ApiHandler, type RequestContext } from '../contracts/api-handler'
import type { Services } from '../contracts/services'

/** First version that names topics by their ids (KIP-516). */
const topicIdsFrom = 13

/** Answers consumers' fetches, with long polling and sessions. Followers replicate without requests. */
export function fetchHandler(services: Services): ApiHandler<FetchRequest, FetchResponse> {
  const caches = new SessionCaches(services)
  return handler(fetchApi, async (request, context) => {
    const cache = caches.of(context.broker)
    const session = openFetchContext(cache, request, context.apiVersion >= topicIdsFrom)
    if (session.kind === 'error') {
      return { throttleTimeMs: 0, errorCode: session.errorCode, sessionId: 0, responses: [] }
    }
    const scope = scopeOf(services, request, context)
    if (replicaIdOf(request) >= 0) {
      return refusedResponse(session.partitions, ErrorCode.TOPIC_AUTHORIZATION_FAILED)
    }
    const read = await readOrWait(scope, session.partitions, request, context)
    if (read === undefined) return undefined
    const throttleTimeMs = services.quotas.record(context, 'fetch', read.bytes)
    if (throttleTimeMs === 0) return { ...fetchResponse(scope, session, cache, read), throttleTimeMs }
    // Kafka sends nothing then, and does not count what it did not send.
    services.quotas.record(context, 'fetch', -read.bytes)
    context.throttleMs = Math.max(context.throttleMs, throttleTimeMs)
    const sessionId = session.kind === 'incremental' ? session.session.id : 0
    return { throttleTimeMs, errorCode: ErrorCode.NONE, sessionId, responses: [] }
  })
}

/** The sessions of each broker; a broker that was started again has none. */
class SessionCaches {
  readonly #services: Services
  readonly #caches = new Map<number, { readonly epoch: bigint; readonly cache: FetchSessionCache }>()

  constructor(services: Services) {
    this.#services = services
  }

  of(broker: BrokerNode): FetchSessionCache {
    const known = this.#caches.get(broker.id)
    if (known?.epoch === broker.epoch) return known.cache
    const { runtime, configs } = this.#services
    const cache = new FetchSessionCache({
      slots: () => configs.brokerNumber('max.incremental.fetch.session.cache.slots', broker.id),
      now: () => runtime.clock.now(),
      random: runtime.random,
    })
    this.#caches.set(broker.id, { epoch: broker.epoch, cache })
    return cache
  }
}

function replicaIdOf(request: FetchRequest): number {
  return Math.max(request.replicaId, request.replicaState.replicaId)
}

function scopeOf(services: Services, request: FetchRequest, context: RequestContext): FetchScope {
  const decided = new Map<string, boolean>()
  return {
    services,
    broker: context.broker,
    version: context.apiVersion,
    readCommitted: request.isolationLevel === 1,
    rackId: request.rackId,
    mayRead(topic) {
      let may = decided.get(topic)
      if (may === undefined) {
        may = services.authorizer.allows(context, 'Read', 'Topic', topic)
        decided.set(topic, may)
      }
      return may
    },
  }
}

async function readOrWait(
  scope: FetchScope,
  partitions: readonly FetchPartition[],
  request: FetchRequest,
  context: RequestContext,
): Promise<FetchRead | undefined> {
  const brokerLimit = scope.services.configs.brokerNumber('fetch.max.bytes', scope.broker.id)
  const maxBytes = Math.min(request.maxBytes, brokerLimit)
  const minBytes = Math.min(request.minBytes, maxBytes)
  const { ended } = context.session
  const first = readAll(scope, partitions, maxBytes)
  const canWait = request.maxWaitMs > 0 && first.reads.some((read) => read.partition !== undefined)
  if (first.isUrgent || first.bytes >= minBytes || !canWait) return ended.aborted ? undefined : first
  if (ended.aborted) return undefined
  const wait = { scope, partitions, first, minBytes, maxWaitMs: request.maxWaitMs, ended }
  return (await waitForRecords(wait)) ? readAll(scope, partitions, maxBytes) : undefined
}
