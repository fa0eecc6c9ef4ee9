import { coreOptions, requestTimeoutOf, timer } from '../client/core-options'
import { adminEvents } from '../client/event-names'
import { Instrumentation } from '../client/instrumentation'
import { Lifecycle } from '../client/lifecycle'
import { failureOfCall, resolveRetry, totalPauseMs, withRetries } from '../client/retry'
import { KafkaJSNotImplemented } from '../errors/non-retriable-errors'
import { translateError } from '../errors/translate-error'
import type { Admin, AdminConfig } from '../types/admin'
import type { KafkaConfig } from '../types/config'
import type { Logger } from '../types/logger'
import { AdminSession, type RunAdmin } from './admin-session'
import { configOperations } from './config-operations'
import { groupOperations } from './group-operations'
import { offsetOperations } from './offset-operations'
import { topicOperations } from './topic-operations'
import { translateConnectError } from '../client/sasl-failure'

/** Makes an admin of KafkaJS: an object whose methods are its own, need no `this`, and may be replaced. */
export function createAdmin(kafka: KafkaConfig, config: AdminConfig, root: Logger): Admin {
  const retry = resolveRetry(kafka.retry, config.retry)
  const logger = root.namespace('Admin')
  const instrumentation = new Instrumentation('admin', adminEvents, logger)
  // A call may take the time of one request that nobody answers, and of all pauses.
  const timeoutMs = timer(requestTimeoutOf(kafka) + totalPauseMs(retry), 1)

  const lifecycle = new Lifecycle(() =>
    withRetries(retry, async () => {
      const session = new AdminSession(await coreOptions(kafka, { retry, logger }), timeoutMs)
      try {
        await session.admin.connect()
        return session
      } catch (error) {
        await session.close()
        throw translateConnectError(error, kafka.sasl)
      }
    }),
  )

  const run: RunAdmin = async (work) => {
    const { admin } = await lifecycle.connect()
    try {
      return await work(admin)
    } catch (error) {
      const translated = translateError(error)
      throw translated === error ? translated : failureOfCall(translated, retry)
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
    ...missingOperations(),
    logger: () => logger,
    on: instrumentation.on.bind(instrumentation) as Admin['on'],
    events: adminEvents,
  }
}

/** What our own admin does not do yet. */
function missingOperations(): Pick<
  Admin,
  'describeAcls' | 'deleteAcls' | 'createAcls' | 'alterPartitionReassignments' | 'listPartitionReassignments'
> {
  const missing = (what: string) => async (): Promise<never> => {
    throw new KafkaJSNotImplemented(`${what} is not implemented`)
  }
  return {
    describeAcls: missing('describeAcls'),
    deleteAcls: missing('deleteAcls'),
    createAcls: missing('createAcls'),
    alterPartitionReassignments: missing('alterPartitionReassignments'),
    listPartitionReassignments: missing('listPartitionReassignments'),
  }
}
