import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdtemp, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { madeOnce } from '../../../tools/made-once'
import { createCertificateAuthority } from './certificates'
import { kafkaClassPath, type KafkaVersion } from './kafka-versions'
import { releasePorts } from './ports'
import { prepareNodes, reserveNodePorts } from './prepare-nodes'
import { waitForCluster } from './readiness'
import { Supervisor } from './supervisor'

const run = promisify(execFile)

/**
 * Flags with which a Kafka Java program takes its classes from an archive that its virtual machine has written (class
 * data sharing): loading and checking some five thousand classes is the half of a broker's start. The archive is made
 * once on a machine, by a node that is started for it.
 */
export async function classArchiveFlags(version: KafkaVersion): Promise<string[]> {
  const classPath = await kafkaClassPath(version)
  const { stderr: virtualMachine } = await run('java', ['-version'])
  const name = createHash('sha256').update(`${classPath} ${virtualMachine}`).digest('hex').slice(0, 16)
  const file = await madeOnce(join('class-archives', `${name}.jsa`), (path) => record(version, path))
  if ((await stat(file)).size === 0) return []
  // An archive that does not fit after all is passed over; not a word of it may get among a program's output.
  return [`-XX:SharedArchiveFile=${file}`, '-Xshare:auto', '-Xlog:cds*=off']
}

async function record(version: KafkaVersion, file: string): Promise<void> {
  const folder = await mkdtemp(join(tmpdir(), 'typed-kafka-archive-'))
  const supervisor = new Supervisor()
  supervisor.removeAtEnd(folder)
  const ports = await reserveNodePorts(1)
  const authority = createCertificateAuthority()
  try {
    const jvmFlags = [`-XX:ArchiveClassesAtExit=${file}`]
    const [node] = await prepareNodes({ version, ports, folder, authority, supervisor, jvmFlags })
    if (node === undefined) return
    await node.launch()
    const giveUp = () => (node.exit === null ? null : 'It ended while it started')
    await waitForCluster([node.port], 1, giveUp, 60_000).catch(async (error: unknown) => {
      throw new Error(await node.describeFailure('is not ready'), { cause: error })
    })
    await node.stop()
    // A virtual machine that can't write one runs Kafka all the same; it is not asked again.
    if (!existsSync(file)) await writeFile(file, '')
  } finally {
    await supervisor.close()
    releasePorts(ports.flatMap((own) => Object.values(own) as number[]))
  }
}
