import { KafkaJSNonRetriableError } from '../errors/kafkajs-error'
import type { InstrumentationEvent, RemoveInstrumentationEventListener } from '../types/events'
import type { Logger } from '../types/logger'

type Listener = (event: InstrumentationEvent<never>) => unknown

/** Counts the events of this process. */
let eventCount = 0

/** The events of one client. Nothing is made for an event that nobody listens to. */
export class Instrumentation {
  readonly #events: Readonly<Record<string, string>>
  readonly #client: string
  readonly #logger: Logger
  readonly #listeners = new Map<string, Set<{ readonly listener: Listener }>>()

  /**
   * @param client what the error message calls it, such as `producer`
   * @param events the names, by their keys
   */
  constructor(client: string, events: Readonly<Record<string, string>>, logger: Logger) {
    this.#client = client
    this.#events = events
    this.#logger = logger
  }

  /**
   * Calls `listener` at each event of that name; the answer takes it away again.
   * @throws KafkaJSNonRetriableError when there are no such events
   */
  on(eventName: string, listener: Listener): RemoveInstrumentationEventListener<string> {
    if (!Object.values(this.#events).includes(eventName)) {
      const keys = Object.keys(this.#events).map((key) => `${this.#client}.events.${key}`)
      throw new KafkaJSNonRetriableError(`Event name should be one of ${keys.join(', ')}`)
    }
    const entry = { listener }
    const listeners = this.#listeners.get(eventName) ?? new Set()
    this.#listeners.set(eventName, listeners.add(entry))
    return () => void listeners.delete(entry)
  }

  /** Whether anybody listens; what an event costs is only spent then. */
  hasListeners(eventName: string): boolean {
    return (this.#listeners.get(eventName)?.size ?? 0) > 0
  }

  /** Tells the listeners. One that throws or rejects is logged, and the others are told all the same. */
  emit(type: string, payload?: unknown): void {
    if (!this.hasListeners(type)) return
    const event = { id: eventCount++, type, timestamp: Date.now(), payload }
    for (const { listener } of [...(this.#listeners.get(type) ?? [])]) void this.#tell(listener, type, event)
  }

  async #tell(listener: Listener, eventName: string, event: object): Promise<void> {
    try {
      await listener(event as InstrumentationEvent<never>)
    } catch (caught) {
      const { message, stack } = caught as Error
      this.#logger.error(`Failed to execute listener: ${message}`, { eventName, stack })
    }
  }
}
