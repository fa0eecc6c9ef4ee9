/**
 * Runs a program against Kafka: the brokers in KAFKA_BROKERS when it is set; otherwise a real Kafka that is started for
 * this run, on this machine, and stopped at its end.
 */
export async function withKafka(program: (brokers: readonly string[]) => Promise<void>): Promise<void> {
  const given = process.env.KAFKA_BROKERS
  if (given) return program(given.split(','))
  console.log('starting Kafka 4.3.1 (fetched once through Maven, or run from its Docker image) …')
  const { startLocalKafka } = await import('../../test/kafka/support/local-kafka')
  const cluster = await startLocalKafka('4.3.1')
  console.log(`Kafka, started ${cluster.how}, answers at ${cluster.bootstrap.join(', ')}`)
  try {
    await program(cluster.bootstrap)
  } finally {
    await cluster.stop()
  }
}
