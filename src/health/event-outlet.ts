import * as z from 'zod/mini'
import type { DiagnosticsChannel } from '../base/diagnostics'
import { tellListener } from '../base/event-listener'
import type { Logger } from '../base/logger'

/**
 * The option `events`: an object of functions.
 * @param names of the events that there are
 */
export function eventListenersOption<Listeners extends object>(names: readonly string[]) {
  return z.custom<Listeners>().check(
    z.superRefine((given: unknown, context) => {
      const fail = (message: string, path: string[] = []) =>
        context.addIssue({ code: 'custom', message, path })
      if (typeof given !== 'object' || given === null) return fail('must be an object of functions')
      for (const [name, listener] of Object.entries(given)) {
        if (!names.includes(name)) {
          fail(`there is no such event; there are ${names.join(', ')}`, [name])
        } else if (listener !== undefined && typeof listener !== 'function') {
          fail('must be a function', [name])
        }
      }
    }),
  )
}

/** Where the events of one kind go. Whoever publishes asks `isHeard` first, and makes the event only then. */
export class EventOutlet<Event> {
  readonly #name: string
  readonly #channel: DiagnosticsChannel<Event>
  readonly #listener: ((event: Event) => void) | undefined
  readonly #logger: Logger

  /** @param name what the log calls it */
  constructor(
    name: string,
    channel: DiagnosticsChannel<Event>,
    listener: ((event: Event) => void) | undefined,
    logger: Logger,
  ) {
    this.#name = name
    this.#channel = channel
    this.#listener = listener
    this.#logger = logger
  }

  get isHeard(): boolean {
    return this.#listener !== undefined || this.#channel.hasSubscribers
  }

  publish(event: Event): void {
    if (this.#channel.hasSubscribers) this.#channel.publish(event)
    if (this.#listener !== undefined) tellListener(this.#logger, this.#name, this.#listener, event)
  }
}
