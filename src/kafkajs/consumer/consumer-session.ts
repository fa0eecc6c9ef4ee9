import { type Admin, Kafka, type KafkaOptions } from '../../index'
import type { Session } from '../client/lifecycle'

/** A connected consumer, whether or not it runs: our own `Kafka`, and an admin that keeps it connected. */
export class ConsumerSession implements Session {
  readonly kafka: Kafka
  readonly admin: Admin

  constructor(options: KafkaOptions) {
    this.kafka = new Kafka(options)
    this.admin = this.kafka.admin()
  }

  /** Null before brokers have told. */
  get clusterId(): string | null {
    return this.kafka.clusterId
  }

  async connect(options: { readonly signal: AbortSignal }): Promise<void> {
    await this.admin.connect(options)
  }

  async close(): Promise<void> {
    await this.admin.close()
  }
}
