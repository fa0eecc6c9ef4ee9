import {
  startKafka,
  type KafkaCluster,
  type KafkaClusterOptions,
} from '../../test/kafka/support/kafka-cluster'
import { kafkaVersions, type KafkaVersion } from '../../test/kafka/support/kafka-versions'

/** The version that an argument names; throws with those there are. */
export function knownVersion(name: string): KafkaVersion {
  const version = kafkaVersions.find((one) => one === name)
  if (version === undefined)
    throw new Error(`There is no Kafka ${name} here, only ${kafkaVersions.join(', ')}`)
  return version
}

/** Does something on a cluster that is there for it alone, and ends the cluster whatever comes of it. */
export async function onKafka<Result>(
  options: KafkaClusterOptions,
  work: (cluster: KafkaCluster) => Promise<Result>,
): Promise<Result> {
  // The helper that owns the brokers does not keep a process alive.
  const alive = setInterval(() => {}, 1000)
  try {
    const cluster = await startKafka(options)
    try {
      return await work(cluster)
    } finally {
      await cluster.stop()
    }
  } finally {
    clearInterval(alive)
  }
}

/** Writes a line to the standard output, with the seconds since this was called before it. */
export function timedLines(): (line: string) => void {
  const startedAt = Date.now()
  return (line) => void process.stdout.write(`${((Date.now() - startedAt) / 1000).toFixed(1)} s  ${line}\n`)
}
