import { fetchJars } from '../../../tools/maven'

/** The versions of Apache Kafka that the tests run against: the last of the 3.x line and a current one. */
export const kafkaVersions = ['3.7.2', '4.3.1'] as const

/** One of {@link kafkaVersions}. */
export type KafkaVersion = (typeof kafkaVersions)[number]

const logger = 'slf4j-simple:1.7.36'

/** Fetches (once) the broker, the command-line tools and a logger, and returns the Java class path. */
export async function kafkaClassPath(version: KafkaVersion): Promise<string> {
  const jars = await fetchJars([
    `org.apache.kafka:kafka_2.13:${version}`,
    `org.apache.kafka:kafka-tools:${version}`,
    // Kafka names no logger of its own; without one it is mute and a broker that fails says nothing.
    `org.slf4j:${logger}`,
  ])
  // First, because the tools of 3.x bring another binding, which is mute without a configuration file.
  return `${jars}/${logger.replace(':', '-')}.jar:${jars}/*`
}
