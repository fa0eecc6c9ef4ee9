import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, readFile, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { externalBrokers, findKafkaSources } from '../test/kafka/support/kafka-source'
import { kafkaClassPath } from '../test/kafka/support/kafka-versions'
import { startLocalKafka } from '../test/kafka/support/local-kafka'
import { releasePorts, reservePorts } from '../test/kafka/support/ports'
import { askClusterView } from '../test/kafka/support/readiness'
import { Supervisor } from '../test/kafka/support/supervisor'

const run = promisify(execFile)
const version = '4.3.1'

/** The broker that all clients are measured on. */
export interface Broker {
  readonly bootstrap: string[]
  /** For the results, such as `Kafka 4.3.1 on this machine`. */
  readonly description: string
  stop(): Promise<void>
}

/**
 * The brokers of `KAFKA_BROKERS`, else one node of real Kafka from its Maven artifacts, with the compiler and the memory
 * that a broker in use has; from its Docker image where Java is missing.
 */
export async function startBroker(): Promise<Broker> {
  const given = externalBrokers()
  if (given.length > 0) {
    return { bootstrap: given, description: 'the brokers of KAFKA_BROKERS', stop: () => Promise.resolve() }
  }
  if (!findKafkaSources().java) {
    // Docker; without it, too, the error says what to install.
    const { bootstrap, how, stop } = await startLocalKafka(version)
    return { bootstrap, description: `Kafka ${version} ${how}`, stop }
  }
  const supervisor = new Supervisor()
  const ports = await reservePorts(2)
  const stop = async (): Promise<void> => {
    await supervisor.close()
    releasePorts(ports)
  }
  try {
    await launch(supervisor, ports)
  } catch (error) {
    await stop()
    throw error
  }
  return { bootstrap: [`localhost:${ports[0]}`], description: `Kafka ${version} on this machine`, stop }
}

async function launch(supervisor: Supervisor, [port = 0, controllerPort = 0]: readonly number[]) {
  const classPath = await kafkaClassPath(version)
  const folder = await mkdtemp(join(tmpdir(), 'typed-kafka-bench-'))
  supervisor.removeAtEnd(folder)
  const properties = join(folder, 'server.properties')
  await writeFile(properties, serverProperties(folder, port, controllerPort))
  const quiet = '-Dorg.slf4j.simpleLogger.defaultLogLevel=warn'
  const format = ['kafka.tools.StorageTool', 'format', '-t', clusterId(), '-c', properties]
  await run('java', [quiet, '-cp', classPath, ...format])
  const logFile = join(folder, 'server.log')
  const args = ['-Xms1g', '-Xmx1g', '-XX:+UseG1GC', quiet, '-cp', classPath, 'kafka.Kafka', properties]
  const { exited } = await supervisor.start({ command: 'java', args, logFile, cwd: folder })
  let ended = false
  void exited.then(() => (ended = true))
  for (const end = Date.now() + 60_000; !(await isReady(port));) {
    if (!ended && Date.now() < end) continue
    throw new Error(
      `Kafka did not start. The end of its log:\n${(await readFile(logFile, 'utf8')).slice(-4000)}`,
    )
  }
}

function serverProperties(folder: string, port: number, controllerPort: number): string {
  const replicated = ['offsets.topic', 'transaction.state.log', 'share.coordinator.state.topic']
  const all = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': `1@localhost:${controllerPort}`,
    listeners: `PLAINTEXT://localhost:${port},CONTROLLER://localhost:${controllerPort}`,
    'advertised.listeners': `PLAINTEXT://localhost:${port}`,
    'listener.security.protocol.map': 'PLAINTEXT:PLAINTEXT,CONTROLLER:PLAINTEXT',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': join(folder, 'data'),
    'group.initial.rebalance.delay.ms': '0',
    'auto.create.topics.enable': 'false',
    'message.max.bytes': String(10 << 20),
    // What a run wrote is gone before the next one fills the disk.
    'log.segment.delete.delay.ms': '1000',
    ...Object.fromEntries(replicated.map((topic) => [`${topic}.replication.factor`, '1'])),
    'transaction.state.log.min.isr': '1',
    'share.coordinator.state.topic.min.isr': '1',
  }
  return Object.entries(all)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

/** A random id that does not begin with a dash, which a command line would take for an option. */
function clusterId(): string {
  const id = randomBytes(16).toString('base64url')
  return id.startsWith('-') ? clusterId() : id
}

async function isReady(port: number): Promise<boolean> {
  await new Promise((resolve) => setTimeout(resolve, 100))
  const view = await askClusterView(port)
  return view?.brokerIds.includes(1) === true
}
