import { createCluster } from '../testing/create-cluster'
import type { TestCluster } from '../testing/test-cluster'
import { brokerUsage, parseBrokerOptions } from './broker-options'
import type { Terminal } from './terminal'

/**
 * `typed-kafka broker`: runs brokers until the process is told to stop.
 * @throws InvalidOptionError, and KafkaError when a port is in use
 */
export async function runBrokerCommand(args: readonly string[], terminal: Terminal): Promise<void> {
  const options = parseBrokerOptions(args)
  if (options === 'help') {
    terminal.print(brokerUsage)
    return
  }
  const cluster = await createCluster(options)
  try {
    terminal.print(startedText(cluster))
    await terminal.whenToldToStop
  } finally {
    await cluster.close()
  }
  terminal.print('stopped; nothing was kept\n')
}

function startedText(cluster: TestCluster): string {
  const topics = cluster.topics.map(({ name, partitions }) => `  topic ${name}, ${partitions} partitions\n`)
  return `Kafka ${cluster.version} in this process, for development and tests: ${cluster.bootstrap.join(', ')}\n${topics.join('')}`
}
