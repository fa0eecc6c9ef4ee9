import { mkdtemp } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { createCertificateAuthority, type CertificateAuthority } from './certificates'
import { classArchiveFlags } from './class-archive'
import { FaultProxy } from './fault-proxy'
import type { KafkaAddresses } from './kafka-addresses'
import type { KafkaNode } from './kafka-node'
import type { KafkaVersion } from './kafka-versions'
import { releasePorts, reservePorts } from './ports'
import { prepareNodes, reserveNodePorts } from './prepare-nodes'
import { waitForCluster } from './readiness'
import { saslUsers, type NodePorts } from './server-properties'
import { Supervisor } from './supervisor'

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

/**
 * Starts real Kafka from its Maven artifacts in KRaft mode, on random ports of the loopback address. One node takes
 * about two seconds, three nodes about five. Whatever happens to this process, nothing stays behind.
 */
export async function startKafka(options: KafkaClusterOptions): Promise<KafkaCluster> {
  const { version, nodes: count = 1, brokerConfig = {} } = options
  const jvmFlags = await classArchiveFlags(version)
  const folder = await mkdtemp(join(tmpdir(), 'typed-kafka-broker-'))
  const supervisor = new Supervisor()
  supervisor.removeAtEnd(folder)
  const ports = await reserveNodePorts(count)
  const proxyNumbers = await reservePorts(options.proxied === true ? count : 0)
  const proxies: FaultProxy[] = []
  const stop = async (): Promise<void> => {
    await Promise.all(proxies.map((proxy) => proxy.close()))
    await supervisor.close()
    releasePorts([...ports.flatMap((own) => Object.values(own) as number[]), ...proxyNumbers])
  }
  try {
    for (const [index, own] of proxyNumbers.entries()) {
      proxies.push(await FaultProxy.start(own, ports[index]?.PLAINTEXT ?? 0))
    }
    const authority = createCertificateAuthority()
    const own = { version, ports, folder, authority, supervisor, brokerConfig, jvmFlags }
    const nodes = await prepareNodes({ ...own, advertised: proxyNumbers })
    await Promise.all(nodes.map((node) => node.launch()))
    await waitUntilReady(nodes)
    const reached = ports.map((own, index) => ({ ...own, PLAINTEXT: proxies[index]?.port ?? own.PLAINTEXT }))
    return {
      ...addresses(version, reached, authority),
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
