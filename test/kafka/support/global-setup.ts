import { findKafkaSources } from './kafka-source'
import { serveSharedKafka, type SharedKafka } from './shared-kafka'

declare global {
  // jest hands nothing from the set-up to the tear-down but what stands on the global object.
  var typedKafkaShared: SharedKafka | undefined
}

/** Runs once before the first suite that may need Kafka. */
export default async function globalSetup(): Promise<void> {
  findKafkaSources()
  globalThis.typedKafkaShared = await serveSharedKafka()
}
