import { mkdir, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import type { CertificateAuthority } from './certificates'
import { newUuid, writeFormatted } from './formatted-folder'
import { KafkaNode } from './kafka-node'
import { kafkaClassPath, type KafkaVersion } from './kafka-versions'
import { reservePorts } from './ports'
import { serverProperties, type NodePorts } from './server-properties'
import type { Supervisor } from './supervisor'

/** What the nodes of one cluster are made of. */
export interface Preparation {
  readonly version: KafkaVersion
  /** Of each node; the first has the id 1. */
  readonly ports: readonly NodePorts[]
  /** Where clients are sent for each node's PLAINTEXT listener, when it is not the port itself. */
  readonly advertised?: readonly number[]
  /** Takes a folder of each node's own. */
  readonly folder: string
  readonly authority: CertificateAuthority
  readonly supervisor: Supervisor
  readonly brokerConfig?: Readonly<Record<string, string>>
  readonly jvmFlags: readonly string[]
}

/** Writes all that the nodes of a cluster need to be started. */
export async function prepareNodes(preparation: Preparation): Promise<KafkaNode[]> {
  const { version, ports, advertised = [], folder, authority, supervisor, jvmFlags } = preparation
  const classPath = await kafkaClassPath(version)
  const certificate = authority.issue({ commonName: 'localhost', hosts: ['localhost', '127.0.0.1'] })
  const quorumVoters = ports.map((own, index) => `${index + 1}@localhost:${own.CONTROLLER}`).join(',')
  const clusterId = newUuid()
  const prepare = async (own: NodePorts, index: number): Promise<KafkaNode> => {
    const nodeId = index + 1
    const home = join(folder, `node-${nodeId}`)
    const dataFolder = join(home, 'data')
    await mkdir(home)
    const port = advertised[index]
    const properties = serverProperties({
      nodeId,
      ports: own,
      ...(port === undefined ? {} : { advertisedPorts: { PLAINTEXT: port } }),
      quorumVoters,
      nodeCount: ports.length,
      dataFolder,
      authority,
      certificate,
      brokerConfig: preparation.brokerConfig ?? {},
    })
    const propertiesFile = join(home, 'server.properties')
    await writeFile(propertiesFile, properties)
    await writeFormatted(version, { folder: dataFolder, nodeId, clusterId })
    const logFile = join(home, 'server.log')
    const process = { classPath, propertiesFile, logFile, folder: home, jvmFlags }
    return new KafkaNode(nodeId, own, process, supervisor)
  }
  return Promise.all(ports.map(prepare))
}

/** A free port for each listener of each node. */
export async function reserveNodePorts(nodes: number): Promise<NodePorts[]> {
  const perNode = 6
  const numbers = await reservePorts(nodes * perNode)
  return Array.from({ length: nodes }, (_, index) => {
    const own = numbers.slice(index * perNode)
    const [PLAINTEXT = 0, SSL = 0, SASL_PLAINTEXT = 0, SASL_SSL = 0, INTERNAL = 0, CONTROLLER = 0] = own
    return { PLAINTEXT, SSL, SASL_PLAINTEXT, SASL_SSL, INTERNAL, CONTROLLER }
  })
}
