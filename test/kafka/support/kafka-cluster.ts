import { execFile } from 'node:child_process'
import { randomBytes } from 'node:crypto'
import { mkdtemp, mkdir, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createCertificateAuthority, type CertificateAuthority } from './certificates'
import { FaultProxy } from './fault-proxy'
import type { KafkaAddresses } from './kafka-addresses'
import { KafkaNode, loggerFlags } from './kafka-node'
import { kafkaClassPath, type KafkaVersion } from './kafka-versions'
import { releasePorts, reservePorts } from './ports'
import { waitForCluster } from './readiness'
import { saslUsers, scramArguments, serverProperties, type NodePorts } from './server-properties'
import { Supervisor } from './supervisor'

const run = promisify(execFile)

/** What kind of cluster to start. */
export interface KafkaClusterOptions {
  version: KafkaVersion
  /** Default 1. */
  nodes?: 1 | 3
  /** Further lines of every node's server.properties; they win over the harness's own. */
  brokerConfig?: Readonly<Record<string, string>>
  /** Puts a {@link FaultProxy} before the PLAINTEXT listener of every node; clients then see only the proxies. */
  proxied?: boolean
}

/** A running cluster of real Kafka brokers on this machine. */
export interface KafkaCluster extends KafkaAddresses {
  nodes: readonly KafkaNode[]
  /** The proxy before each node, in the order of `nodes`; empty without the option `proxied`. */
  proxies: readonly FaultProxy[]
  /** The cluster's temporary folder: properties, logs, data. */
  folder: string
  /** Process id of the helper that owns the brokers. */
  supervisorPid: number
  node(id: number): KafkaNode
  /** What one node has logged. */
  log(nodeId: number): Promise<string>
  /** Ends all nodes and removes their data. Can be called twice. */
  stop(): Promise<void>
}

const listeners = ['PLAINTEXT', 'SSL', 'SASL_PLAINTEXT', 'SASL_SSL', 'INTERNAL', 'CONTROLLER'] as const

/**
 * Starts real Kafka from its Maven artifacts in KRaft mode, on random ports of the loopback address. One node takes
 * about three seconds, three nodes about nine. Whatever happens to this process, nothing stays behind.
 */
export async function startKafka(options: KafkaClusterOptions): Promise<KafkaCluster> {
  const count = options.nodes ?? 1
  const classPath = await kafkaClassPath(options.version)
  const folder = await mkdtemp(join(tmpdir(), 'typed-kafka-broker-'))
  const supervisor = new Supervisor()
  supervisor.removeAtEnd(folder)
  const numbers = await reservePorts(count * listeners.length)
  const ports = Array.from({ length: count }, (_, index) => portsOf(numbers, index))
  const proxyNumbers = await reservePorts(options.proxied === true ? count : 0)
  const proxies: FaultProxy[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(proxies.map((proxy) => proxy.close()))
    await supervisor.close()
    releasePorts([...numbers, ...proxyNumbers])
  }
  try {
    for (const [index, own] of proxyNumbers.entries()) {
      proxies.push(await FaultProxy.start(own, ports[index]?.PLAINTEXT ?? 0))
    }
    const authority = createCertificateAuthority()
    const nodes = await prepareNodes({ options, ports, proxies, folder, classPath, authority, supervisor })
    await Promise.all(nodes.map((node) => node.launch()))
    await waitUntilReady(nodes)
    const reached = ports.map((own, index) => ({ ...own, PLAINTEXT: proxies[index]?.port ?? own.PLAINTEXT }))
    return {
      ...addresses(options.version, reached, authority),
      nodes,
      proxies,
      folder,
      supervisorPid: supervisor.pid,
      node: (id) => nodeOf(nodes, id),
      log: (id) => nodeOf(nodes, id).log(),
      stop,
    }
  } catch (error) {
    await stop()
    throw error
  }
}

function portsOf(numbers: readonly number[], index: number): NodePorts {
  const own = numbers.slice(index * listeners.length)
  const [PLAINTEXT = 0, SSL = 0, SASL_PLAINTEXT = 0, SASL_SSL = 0, INTERNAL = 0, CONTROLLER = 0] = own
  return { PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL, INTERNAL, CONTROLLER }
}

interface Preparation {
  options: KafkaClusterOptions
  ports: readonly NodePorts[]
  proxies: readonly FaultProxy[]
  folder: string
  classPath: string
  authority: CertificateAuthority
  supervisor: Supervisor
}

async function prepareNodes(preparation: Preparation): Promise<KafkaNode[]> {
  const { options, ports, proxies, folder, classPath, authority, supervisor } = preparation
  const certificate = authority.issue({ commonName: 'localhost', hosts: ['localhost', '127.0.0.1'] })
  const quorumVoters = ports.map((own, index) => `${index + 1}@localhost:${own.CONTROLLER}`).join(',')
  const clusterId = newClusterId()
  const prepare = async (own: NodePorts, index: number): Promise<KafkaNode> => {
    const nodeId = index + 1
    const home = join(folder, `node-${nodeId}`)
    await mkdir(home)
    const port = proxies[index]?.port
    const properties = serverProperties({
      nodeId,
      ports: own,
      ...(port === undefined ? {} : { advertisedPorts: { PLAINTEXT: port } }),
      quorumVoters,
      nodeCount: ports.length,
      dataFolder: join(home, 'data'),
      authority,
      certificate,
      brokerConfig: options.brokerConfig ?? {},
    })
    const propertiesFile = join(home, 'server.properties')
    await writeFile(propertiesFile, properties)
    await format(classPath, propertiesFile, clusterId)
    const logFile = join(home, 'server.log')
    return new KafkaNode(nodeId, own, { classPath, propertiesFile, logFile, folder: home }, supervisor)
  }
  return Promise.all(ports.map(prepare))
}

async function format(classPath: string, propertiesFile: string, clusterId: string): Promise<void> {
  const flags = ['-Xmx128m', '-XX:+UseSerialGC', '-XX:TieredStopAtLevel=1', ...loggerFlags('warn')]
  const tool = ['kafka.tools.StorageTool', 'format', '-t', clusterId, '-c', propertiesFile]
  await run('java', [...flags, '-cp', classPath, ...tool, ...scramArguments()])
}

function newClusterId(): string {
  const id = randomBytes(16).toString('base64url')
  // On a command line an id that begins with a dash would be read as an option.
  return id.startsWith('-') ? newClusterId() : id
}

async function waitUntilReady(nodes: readonly KafkaNode[]): Promise<void> {
  const ports = nodes.map((node) => node.port)
  const dead = (): KafkaNode | undefined => nodes.find((node) => node.exit !== null)
  const giveUp = (): string | null => (dead() === undefined ? null : 'A broker ended while it started')
  try {
    await waitForCluster(ports, nodes.length, giveUp, 60_000)
  } catch (error) {
    const node = dead() ?? nodes[0]
    throw new Error((await node?.describeFailure('is not ready')) ?? 'no nodes', { cause: error })
  }
}

function addresses(
  version: KafkaVersion,
  ports: readonly NodePorts[],
  authority: CertificateAuthority,
): KafkaAddresses {
  const at = (listener: keyof NodePorts): string[] => ports.map((own) => `localhost:${own[listener]}`)
  const ca = authority.certificate
  return {
    version,
    bootstrap: at('PLAINTEXT'),
    tls: { bootstrap: at('SSL'), ca, client: authority.issue({ commonName: 'client' }) },
    sasl: { bootstrap: at('SASL_PLAINTEXT'), users: saslUsers },
    saslTls: { bootstrap: at('SASL_SSL'), ca, users: saslUsers },
  }
}

function nodeOf(nodes: readonly KafkaNode[], id: number): KafkaNode {
  const node = nodes.find((candidate) => candidate.id === id)
  if (node === undefined)
    throw new Error(`There is no node ${id}; there are ${nodes.map((each) => each.id).join(', ')}`)
  return node
}
