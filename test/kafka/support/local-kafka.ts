import { startDockerKafka } from './docker-kafka'
import { startKafka } from './kafka-cluster'
import { findKafkaSources, whyNotRun } from './kafka-source'
import type { KafkaVersion } from './kafka-versions'

/** One node of real Kafka with a PLAINTEXT listener. */
export interface LocalKafka {
  bootstrap: string[]
  /** How it was started, such as `from its Docker image`. */
  how: string
  stop(): Promise<void>
}

/**
 * Starts one node by the order of choice: Docker when an engine answers, else Java and Maven. For programs that need
 * a broker and nothing special, such as the quickstart; look at `KAFKA_BROKERS` before.
 */
export async function startLocalKafka(version: KafkaVersion = '4.3.1'): Promise<LocalKafka> {
  const { source, java } = findKafkaSources()
  if (source === 'docker') {
    const { addresses, stop } = await startDockerKafka(version)
    return { bootstrap: addresses.bootstrap, how: 'from its Docker image', stop }
  }
  if (!java)
    throw new Error(`There is no way to start Kafka here: ${whyNotRun([]) ?? 'install Java 17 and Maven'}`)
  const cluster = await startKafka({ version })
  return { bootstrap: cluster.bootstrap, how: 'from its Maven artifacts', stop: cluster.stop }
}
