import { diagnosticsChannel, type DiagnosticsEvents } from '../../base/diagnostics'
import type { Logger } from '../../base/logger'
import { EventOutlet, eventListenersOption } from '../../health/event-outlet'

/** The events of a share consumer, by the names of their listeners, and the channels on which they are published as well. */
const channelNames = {
  joined: 'typed-kafka:share-consumer:joined',
  sessionLost: 'typed-kafka:share-consumer:session-lost',
  partitionsAssigned: 'typed-kafka:share-consumer:partitions-assigned',
  partitionsRevoked: 'typed-kafka:share-consumer:partitions-revoked',
  fetched: 'typed-kafka:share-consumer:fetched',
  fetchFailed: 'typed-kafka:share-consumer:fetch-failed',
  acknowledged: 'typed-kafka:share-consumer:acknowledged',
  acknowledgementFailed: 'typed-kafka:share-consumer:acknowledgement-failed',
  locksExpired: 'typed-kafka:share-consumer:locks-expired',
  stallBegan: 'typed-kafka:share-consumer:stall-began',
  stallEnded: 'typed-kafka:share-consumer:stall-ended',
  error: 'typed-kafka:share-consumer:error',
} as const

type EventName = keyof typeof channelNames
type EventOf<Name extends EventName> = DiagnosticsEvents[(typeof channelNames)[Name]]

/**
 * Told of what happens to one share consumer, where diagnostics channels tell of all of the process. They are called at
 * once, in the middle of the consumer's work: they note what they need and return. What one throws is logged. What
 * nobody listens to is not made.
 */
export type ShareConsumerEventListeners = {
  readonly [Name in EventName]?: ((event: EventOf<Name>) => void) | undefined
}

/** The option `events`. */
export const shareConsumerEventsOption = eventListenersOption<ShareConsumerEventListeners>(
  Object.keys(channelNames),
)

/** An outlet for each kind of event. */
export type ShareEventOutlets = { readonly [Name in EventName]: EventOutlet<EventOf<Name>> }

/** The outlets of one share consumer. */
export function shareEventOutlets(listeners: ShareConsumerEventListeners, logger: Logger): ShareEventOutlets {
  const outlet = <Name extends EventName>(name: Name): EventOutlet<EventOf<Name>> =>
    new EventOutlet(name, diagnosticsChannel(channelNames[name]), listeners[name], logger)
  return {
    joined: outlet('joined'),
    sessionLost: outlet('sessionLost'),
    partitionsAssigned: outlet('partitionsAssigned'),
    partitionsRevoked: outlet('partitionsRevoked'),
    fetched: outlet('fetched'),
    fetchFailed: outlet('fetchFailed'),
    acknowledged: outlet('acknowledged'),
    acknowledgementFailed: outlet('acknowledgementFailed'),
    locksExpired: outlet('locksExpired'),
    stallBegan: outlet('stallBegan'),
    stallEnded: outlet('stallEnded'),
    error: outlet('error'),
  }
}
