import { type Admin, Kafka, type KafkaOptions } from '../../index'
import type { Session } from '../client/lifecycle'

/** A connected admin: our own, over connections of its own. */
export class AdminSession implements Session {
  readonly admin: Admin

  constructor(options: KafkaOptions, timeoutMs: number) {
    this.admin = new Kafka(options).admin({ defaultApiTimeoutMs: timeoutMs })
  }

  async close(): Promise<void> {
    await this.admin.close()
  }
}

/** Gives our own admin to what an operation does; translates what it rejects with. */
export type RunAdmin = <Result>(work: (admin: Admin) => Promise<Result>) => Promise<Result>
