import { requestTimeoutOf, timer } from '../client/core-options'
import { adminEvents } from '../client/event-names'
import { Instrumentation } from '../client/instrumentation'
import { Lifecycle } from '../client/lifecycle'
import { openSession } from '../client/open-session'
import { requestListeners } from '../client/request-events'
import { failureOfCall, resolveRetry, totalPauseMs } from '../client/retry'
import { KafkaJSProtocolError } from '../errors/protocol-errors'
import { translateError } from '../errors/translate-error'
import type { Admin, AdminConfig } from '../types/admin'
import type { KafkaConfig } from '../types/config'
import type { Logger } from '../types/logger'
import { aclOperations } from './acl-operations'
import { AdminSession, type RunAdmin } from './admin-session'
import { configOperations } from './config-operations'
import { groupOperations } from './group-operations'
import { offsetOperations } from './offset-operations'
import { reassignmentOperations } from './reassignment-operations'
import { topicOperations } from './topic-operations'

/** Makes an admin of KafkaJS: an object whose methods are its own, need no `this`, and may be replaced. */
export function createAdmin(kafka: KafkaConfig, config: AdminConfig, root: Logger): Admin {
  const retry = resolveRetry(kafka.retry, config.retry)
  const logger = root.namespace('Admin')
  const instrumentation = new Instrumentation('admin', adminEvents, logger)
  const events = requestListeners(instrumentation, adminEvents)
  // A call may take the time of one request that nobody answers, and of all pauses.
  const timeoutMs = timer(requestTimeoutOf(kafka) + totalPauseMs(retry), 1)

  const lifecycle = new Lifecycle(() =>
    openSession(kafka, { retry, logger, events }, (options) => new AdminSession(options, timeoutMs)),
  )

  const run: RunAdmin = async (work, retried = []) => {
    const { admin } = await lifecycle.connect()
    try {
      return await work(admin)
    } catch (error) {
      const translated = translateError(error)
      throw translated === error || isFinal(translated, retried)
        ? translated
        : failureOfCall(translated, retry)
    }
  }

  return {
    connect: async () => {
      await lifecycle.connect()
      instrumentation.emit(adminEvents.CONNECT)
    },
    disconnect: async () => {
      await lifecycle.disconnect()
      instrumentation.emit(adminEvents.DISCONNECT)
    },
    ...topicOperations(run),
    ...offsetOperations(run),
    ...configOperations(run),
    ...groupOperations(run),
    ...aclOperations(run),
    ...reassignmentOperations(run),
    logger: () => logger,
    on: instrumentation.on.bind(instrumentation) as Admin['on'],
    events: adminEvents,
  }
}

/** What KafkaJS's admin tries again, whatever the call: brokers that say whom to ask instead. */
const movedTypes: readonly string[] = [
  'NOT_CONTROLLER',
  'GROUP_LOAD_IN_PROGRESS',
  'GROUP_COORDINATOR_NOT_AVAILABLE',
  'NOT_COORDINATOR_FOR_GROUP',
]

/** KafkaJS's admin passes a broker's refusal on as it is, also one that may pass, unless the call tries it again. */
function isFinal(error: Error, retried: readonly string[]): boolean {
  return error instanceof KafkaJSProtocolError && ![...movedTypes, ...retried].includes(error.type)
}
