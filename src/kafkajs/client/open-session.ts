import type { KafkaOptions, RequestListeners } from '../../index'
import { KafkaJSConnectionError } from '../errors/client-errors'
import type { KafkaConfig } from '../types/config'
import { isMissing } from '../is-missing'
import { brokersOf } from './brokers'
import { type ClientSettings, coreOptions, defaultConnectionTimeout, timer } from './core-options'
import type { Session } from './lifecycle'
import { withRetries } from './retry'
import { translateConnectError } from './sasl-failure'

/** A session that is made, and not connected yet. */
export interface NewSession extends Session {
  connect(options: { readonly signal: AbortSignal }): Promise<void>
}

/**
 * Makes a session and connects it, as often as the settings allow. One attempt has the time that KafkaJS gives it as long
 * as no broker has answered anything: then nobody is there, and no request is under way that could be waited for.
 * @throws what KafkaJS's `connect` rejects with
 */
export async function openSession<S extends NewSession>(
  config: KafkaConfig,
  settings: ClientSettings,
  make: (options: KafkaOptions) => S,
): Promise<S> {
  return await withRetries(settings.retry, async () => {
    const answers = new FirstAnswer(settings.events, !isMissing(config.sasl))
    const addresses = await brokersOf(config.brokers)
    const session = make(coreOptions(config, { ...settings, events: answers.events }, addresses))
    const limit = limitUntilAnswer(config, addresses, answers)
    try {
      await session.connect({ signal: limit.signal })
      return session
    } catch (error) {
      await session.close()
      throw translateConnectError(limit.signal.aborted ? limit.signal.reason : error, config.sasl)
    } finally {
      limit.end()
    }
  })
}

/** Passes events on, and knows whether a broker has answered so much that the connection stands. */
class FirstAnswer {
  readonly events: RequestListeners
  hasCome = false

  constructor(events: RequestListeners, isAuthenticated: boolean) {
    const { requestAnswered } = events
    this.events = {
      ...events,
      requestAnswered: (event) => {
        if (!isAuthenticated || event.api === 'SaslAuthenticate') this.hasCome = true
        requestAnswered?.(event)
      },
    }
  }
}

function limitUntilAnswer(
  { connectionTimeout = defaultConnectionTimeout, authenticationTimeout = 10_000, sasl }: KafkaConfig,
  brokers: readonly string[],
  answers: FirstAnswer,
): { readonly signal: AbortSignal; readonly end: () => void } {
  const attempt = new AbortController()
  // Brokers may be tried one after another.
  const limitMs = connectionTimeout * brokers.length + (isMissing(sasl) ? 0 : authenticationTimeout)
  const timeout = setTimeout(
    () => {
      if (answers.hasCome) return
      attempt.abort(new KafkaJSConnectionError('Connection timeout', { broker: brokers[0] }))
    },
    timer(limitMs, 1),
  )
  return { signal: attempt.signal, end: () => clearTimeout(timeout) }
}
