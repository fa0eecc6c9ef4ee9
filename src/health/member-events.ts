import type { ConsumerEvent } from '../base/consumer-diagnostics'
import type { KafkaError } from '../base/errors'
import type { EventOutlet } from './event-outlet'
import type { Stall } from './stall'

/** Where the events go that consumers of every kind have; `Names` says which consumer it is. */
export interface MemberEventOutlets<Names extends ConsumerEvent> {
  readonly sessionLost: EventOutlet<Names & { readonly reason: string }>
  readonly fetchFailed: EventOutlet<
    Names & { readonly nodeId: number; readonly latencyMs: number; readonly error: KafkaError }
  >
  readonly stallBegan: EventOutlet<Names & Omit<Stall, 'since'>>
  readonly stallEnded: EventOutlet<Names & Omit<Stall, 'since'>>
  readonly error: EventOutlet<Names & { readonly error: KafkaError; readonly isFatal: boolean }>
}

/** Publishes the events that consumers of every kind have. Without a listener no event is made. */
export class MemberEvents<Names extends ConsumerEvent> {
  /** What all events say. */
  protected readonly names: Names
  readonly #outlets: MemberEventOutlets<Names>

  constructor(names: Names, outlets: MemberEventOutlets<Names>) {
    this.names = names
    this.#outlets = outlets
  }

  sessionLost(reason: string): void {
    const { sessionLost } = this.#outlets
    if (sessionLost.isHeard) sessionLost.publish({ ...this.names, reason })
  }

  fetchFailed(nodeId: number, latencyMs: number, error: KafkaError): void {
    const { fetchFailed } = this.#outlets
    if (fetchFailed.isHeard) fetchFailed.publish({ ...this.names, nodeId, latencyMs, error })
  }

  stallBegan(stall: Stall): void {
    this.#stall(this.#outlets.stallBegan, stall)
  }

  stallEnded(stall: Stall): void {
    this.#stall(this.#outlets.stallEnded, stall)
  }

  #stall(outlet: MemberEventOutlets<Names>['stallBegan'], stall: Stall): void {
    if (!outlet.isHeard) return
    const { kind, partitions, nodeId, reason, durationMs } = stall
    outlet.publish({ ...this.names, kind, partitions, nodeId, reason, durationMs })
  }

  error(error: KafkaError, isFatal: boolean): void {
    const { error: raised } = this.#outlets
    if (raised.isHeard) raised.publish({ ...this.names, error, isFatal })
  }
}
