import { diagnosticsChannel, type DiagnosticsEvents } from '../../base/diagnostics'
import type { Logger } from '../../base/logger'
import { EventOutlet, eventListenersOption } from '../../health/event-outlet'

/** The events of a consumer, by the names of their listeners, and the channels on which they are published as well. */
const channelNames = {
  rebalanceBegan: 'typed-kafka:consumer:rebalance-began',
  rebalanced: 'typed-kafka:consumer:rebalanced',
  partitionsAssigned: 'typed-kafka:consumer:partitions-assigned',
  partitionsRevoked: 'typed-kafka:consumer:partitions-revoked',
  partitionsLost: 'typed-kafka:consumer:partitions-lost',
  sessionLost: 'typed-kafka:consumer:session-lost',
  heartbeat: 'typed-kafka:consumer:heartbeat',
  committed: 'typed-kafka:consumer:committed',
  commitFailed: 'typed-kafka:consumer:commit-failed',
  fetchStarted: 'typed-kafka:consumer:fetch-started',
  fetched: 'typed-kafka:consumer:fetched',
  fetchFailed: 'typed-kafka:consumer:fetch-failed',
  recordsPassedOver: 'typed-kafka:consumer:records-passed-over',
  stallBegan: 'typed-kafka:consumer:stall-began',
  stallEnded: 'typed-kafka:consumer:stall-ended',
  offsetReset: 'typed-kafka:consumer:offset-reset',
  messageRetried: 'typed-kafka:consumer:message-retried',
  messageSkipped: 'typed-kafka:consumer:message-skipped',
  messageDeadLettered: 'typed-kafka:consumer:message-dead-lettered',
  error: 'typed-kafka:consumer:error',
} as const

type EventName = keyof typeof channelNames
type EventOf<Name extends EventName> = DiagnosticsEvents[(typeof channelNames)[Name]]

/**
 * Told of what happens to one consumer, where diagnostics channels tell of all consumers of the process. They are called
 * at once, in the middle of the consumer's work: they note what they need and return. What one throws is logged. What
 * nobody listens to is not made.
 */
export type ConsumerEventListeners = {
  readonly [Name in EventName]?: ((event: EventOf<Name>) => void) | undefined
}

/** The option `events`. */
export const consumerEventsOption = eventListenersOption<ConsumerEventListeners>(Object.keys(channelNames))

/** An outlet for each kind of event. */
export type ConsumerEventOutlets = { readonly [Name in EventName]: EventOutlet<EventOf<Name>> }

/** The outlets of one consumer. */
export function consumerEventOutlets(
  listeners: ConsumerEventListeners,
  logger: Logger,
): ConsumerEventOutlets {
  const outlet = <Name extends EventName>(name: Name): EventOutlet<EventOf<Name>> =>
    new EventOutlet(name, diagnosticsChannel(channelNames[name]), listeners[name], logger)
  return {
    rebalanceBegan: outlet('rebalanceBegan'),
    rebalanced: outlet('rebalanced'),
    partitionsAssigned: outlet('partitionsAssigned'),
    partitionsRevoked: outlet('partitionsRevoked'),
    partitionsLost: outlet('partitionsLost'),
    sessionLost: outlet('sessionLost'),
    heartbeat: outlet('heartbeat'),
    committed: outlet('committed'),
    commitFailed: outlet('commitFailed'),
    fetchStarted: outlet('fetchStarted'),
    fetched: outlet('fetched'),
    fetchFailed: outlet('fetchFailed'),
    recordsPassedOver: outlet('recordsPassedOver'),
    stallBegan: outlet('stallBegan'),
    stallEnded: outlet('stallEnded'),
    offsetReset: outlet('offsetReset'),
    messageRetried: outlet('messageRetried'),
    messageSkipped: outlet('messageSkipped'),
    messageDeadLettered: outlet('messageDeadLettered'),
    error: outlet('error'),
  }
}
