import { type Admin, Kafka, type KafkaOptions } from '../../index'
import { timer } from '../client/core-options'
import type { Session } from '../client/lifecycle'

/** A connected admin: our own, over connections of its own. */
export class AdminSession implements Session {
  readonly admin: Admin

  constructor(options: KafkaOptions, timeoutMs: number) {
    this.admin = new Kafka(options).admin({ defaultApiTimeoutMs: timeoutMs })
  }

  async connect(options: { readonly signal: AbortSignal }): Promise<void> {
    await this.admin.connect(options)
  }

  async close(): Promise<void> {
    await this.admin.close()
  }
}

/**
 * Gives our own admin to what an operation does; translates what it rejects with.
 * @param retried types of refusals that KafkaJS tries again in this operation: they are told as used-up retries
 */
export type RunAdmin = <Result>(
  work: (admin: Admin) => Promise<Result>,
  retried?: readonly string[],
) => Promise<Result>

/** The `timeout` of a call, in milliseconds; without one the call has the time that its retries may take. */
export function withTimeout(timeout: number | undefined): { timeoutMs?: number } {
  return timeout === undefined || timeout === null ? {} : { timeoutMs: timer(timeout, 1) }
}

/** What KafkaJS tries again where a topic may have been created, or deleted, a moment ago. */
export const unknownTopic: readonly string[] = ['UNKNOWN_TOPIC_OR_PARTITION']
