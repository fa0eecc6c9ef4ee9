import { execFile } from 'node:child_process'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { plaintextOnly, type KafkaAddresses } from './kafka-addresses'
import type { KafkaVersion } from './kafka-versions'
import { releasePorts, reservePorts } from './ports'
import { waitForCluster } from './readiness'
import { Supervisor } from './supervisor'

const run = promisify(execFile)

/**
 * Starts one node of the official image `apache/kafka` with a PLAINTEXT listener, for machines that have a Docker
 * engine. Suites that need TLS, SASL, more nodes or faults use Java and Maven instead.
 */
export async function startDockerKafka(
  version: KafkaVersion,
): Promise<{ addresses: KafkaAddresses; stop(): Promise<void> }> {
  const [port = 0] = await reservePorts(1)
  const name = `typed-kafka-test-${process.pid}-${port}`
  const supervisor = new Supervisor()
  supervisor.runAtEnd('docker', 'rm', '--force', '--volumes', name)
  const stop = async (): Promise<void> => {
    await supervisor.close()
    releasePorts([port])
  }
  try {
    await run('docker', ['pull', '--quiet', `apache/kafka:${version}`])
    const logFile = join(tmpdir(), `${name}.log`)
    supervisor.removeAtEnd(logFile)
    const args = ['run', '--rm', '--name', name, '--publish', `127.0.0.1:${port}:${port}`]
    const settings = Object.entries(environment(port)).flatMap(([key, value]) => ['--env', `${key}=${value}`])
    const started = await supervisor.start({
      command: 'docker',
      args: [...args, ...settings, `apache/kafka:${version}`],
      logFile,
      cwd: tmpdir(),
    })
    let ended = false
    void started.exited.then(() => (ended = true))
    await waitForCluster([port], 1, () => (ended ? `The container of Kafka ${version} ended` : null), 120_000)
    return { addresses: plaintextOnly(version, [`localhost:${port}`]), stop }
  } catch (error) {
    await stop()
    throw error
  }
}

function environment(port: number): Record<string, string> {
  return {
    KAFKA_NODE_ID: '1',
    KAFKA_PROCESS_ROLES: 'broker,controller',
    KAFKA_LISTENERS: `PLAINTEXT://:${port},CONTROLLER://:${port + 1}`,
    KAFKA_ADVERTISED_LISTENERS: `PLAINTEXT://localhost:${port}`,
    KAFKA_CONTROLLER_LISTENER_NAMES: 'CONTROLLER',
    KAFKA_LISTENER_SECURITY_PROTOCOL_MAP: 'CONTROLLER:PLAINTEXT,PLAINTEXT:PLAINTEXT',
    KAFKA_CONTROLLER_QUORUM_VOTERS: `1@localhost:${port + 1}`,
    KAFKA_OFFSETS_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_REPLICATION_FACTOR: '1',
    KAFKA_TRANSACTION_STATE_LOG_MIN_ISR: '1',
    KAFKA_SHARE_COORDINATOR_STATE_TOPIC_REPLICATION_FACTOR: '1',
    KAFKA_SHARE_COORDINATOR_STATE_TOPIC_MIN_ISR: '1',
    KAFKA_GROUP_INITIAL_REBALANCE_DELAY_MS: '0',
    KAFKA_GROUP_MIN_SESSION_TIMEOUT_MS: '1000',
    KAFKA_AUTO_CREATE_TOPICS_ENABLE: 'false',
  }
}
