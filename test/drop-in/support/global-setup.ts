import { findKafkaSources } from '../../kafka/support/kafka-source'
import { serveSharedKafka, type SharedKafka } from '../../kafka/support/shared-kafka'
import { installPackages } from './packages'
import { makePeerFolders } from './peer-folders'

declare global {
  // jest hands nothing from the set-up to the tear-down but what stands on the global object.
  var typedKafkaDropIn: { folder: string; kafka: SharedKafka } | undefined
}

/** Runs once before the first suite of the drop-in. */
export default async function globalSetup(): Promise<void> {
  installPackages()
  findKafkaSources()
  globalThis.typedKafkaDropIn = { folder: makePeerFolders(), kafka: await serveSharedKafka() }
}
