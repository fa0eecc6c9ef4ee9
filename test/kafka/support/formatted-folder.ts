import { execFile } from 'node:child_process'
import { createHash, randomBytes } from 'node:crypto'
import { copyFile, mkdir, readFile, writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { madeOnce } from '../../../tools/made-once'
import { javaFlags } from './kafka-node'
import { kafkaClassPath, type KafkaVersion } from './kafka-versions'
import { scramArguments } from './server-properties'

const run = promisify(execFile)

/** The data folder of one node, as it is before its first start. */
export interface FormattedFolder {
  /** Must not exist yet. */
  readonly folder: string
  readonly nodeId: number
  readonly clusterId: string
}

/**
 * Writes what Kafka's own tool writes to format a data folder. It differs from node to node by three ids only, and a
 * virtual machine for each node takes longer than all else before its start: the tool runs once on a machine.
 */
export async function writeFormatted(version: KafkaVersion, own: FormattedFolder): Promise<void> {
  const { folder, nodeId, clusterId } = own
  const model = await modelOf(version)
  await mkdir(folder)
  await copyFile(join(model, 'bootstrap.checkpoint'), join(folder, 'bootstrap.checkpoint'))
  const properties = await readFile(join(model, 'meta.properties'), 'utf8')
  const ids = { 'node.id': nodeId, 'directory.id': newUuid(), 'cluster.id': clusterId }
  const ofNode = Object.entries(ids).reduce(
    (text, [name, id]) => text.replace(new RegExp(`^${name}=.*$`, 'm'), `${name}=${id}`),
    properties,
  )
  await writeFile(join(folder, 'meta.properties'), ofNode)
}

async function modelOf(version: KafkaVersion): Promise<string> {
  const users = createHash('sha256').update(scramArguments().join(' ')).digest('hex').slice(0, 16)
  return await madeOnce(join('formatted', `${version}-${users}`), async (folder) => {
    const propertiesFile = join(dirname(folder), 'server.properties')
    await writeFile(propertiesFile, anyNode(folder))
    const tool = ['kafka.tools.StorageTool', 'format', '-t', newUuid(), '-c', propertiesFile]
    const classPath = await kafkaClassPath(version)
    await run('java', [...javaFlags(128), '-cp', classPath, ...tool, ...scramArguments()])
  })
}

/** No more than the tool asks for; nothing listens on these ports. */
function anyNode(dataFolder: string): string {
  const lines = {
    'process.roles': 'broker,controller',
    'node.id': '1',
    'controller.quorum.voters': '1@localhost:2',
    listeners: 'PLAINTEXT://localhost:1,CONTROLLER://localhost:2',
    'controller.listener.names': 'CONTROLLER',
    'log.dirs': dataFolder,
  }
  return Object.entries(lines)
    .map(([name, value]) => `${name}=${value}\n`)
    .join('')
}

/** Sixteen random bytes as Kafka writes them: ids of clusters and of folders. */
export function newUuid(): string {
  const id = randomBytes(16).toString('base64url')
  // On a command line an id that begins with a dash would be read as an option.
  return id.startsWith('-') ? newUuid() : id
}
