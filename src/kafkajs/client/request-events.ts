import type { RequestEvent, RequestListeners } from '../../index'
import { apiNameOf } from '../api-names'
import type { Instrumentation } from './instrumentation'

/** The names of a client's events of requests. */
export interface RequestEventNames {
  readonly REQUEST: string
  readonly REQUEST_TIMEOUT: string
  readonly REQUEST_QUEUE_SIZE: string
}

/** What tells KafkaJS's listeners of the requests of one client. */
export function requestListeners(
  instrumentation: Instrumentation,
  names: RequestEventNames,
): RequestListeners {
  const { REQUEST, REQUEST_TIMEOUT, REQUEST_QUEUE_SIZE } = names
  return {
    requestAnswered: (event) => {
      if (!instrumentation.hasListeners(REQUEST)) return
      instrumentation.emit(REQUEST, {
        ...describe(event, event.sentAt),
        duration: Math.round(event.latencyMs),
        size: event.byteLength,
      })
    },
    requestTimedOut: (event) => {
      if (!instrumentation.hasListeners(REQUEST_TIMEOUT)) return
      // One that never left waited until now.
      instrumentation.emit(REQUEST_TIMEOUT, describe(event, event.sentAt ?? Date.now()))
    },
    requestQueue: ({ broker, clientId, queueSize }) =>
      instrumentation.emit(REQUEST_QUEUE_SIZE, { broker, clientId, queueSize }),
  }
}

function describe(event: RequestEvent, sentAt: number) {
  const { api, apiKey, apiVersion, broker, clientId, correlationId, createdAt } = event
  return {
    apiKey,
    apiName: apiNameOf(api),
    apiVersion,
    broker,
    clientId,
    correlationId,
    createdAt: Math.round(createdAt),
    sentAt: Math.round(sentAt),
    pendingDuration: Math.round(sentAt) - Math.round(createdAt),
  }
}
