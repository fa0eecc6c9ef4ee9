import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { writeFile } from 'node:fs/promises'
import { dirname, join } from 'node:path'
import { promisify } from 'node:util'
import { madeOnce } from './made-once'

const run = promisify(execFile)

/**
 * Fetches artifacts with everything they need through Maven and returns the folder that holds the jars. The folder
 * is kept: a second call costs nothing.
 * @param coordinates such as `org.apache.kafka:kafka-clients:4.4.0`
 */
export async function fetchJars(coordinates: readonly string[]): Promise<string> {
  const name = createHash('sha256').update(coordinates.join(' ')).digest('hex').slice(0, 16)
  return await madeOnce(join('jars', name), async (folder) => {
    const pomFile = join(dirname(folder), 'pom.xml')
    await writeFile(pomFile, pom(coordinates))
    const args = ['-q', '-B', '-f', pomFile, 'dependency:copy-dependencies', `-DoutputDirectory=${folder}`]
    await run('mvn', args, { maxBuffer: 1 << 26 })
  })
}

/** Runs a single-file Java program against the jars of a folder and returns what it printed. */
export async function runJavaSource(
  jars: string,
  source: string,
  args: readonly string[] = [],
): Promise<string> {
  const { stdout } = await run('java', ['-cp', `${jars}/*`, source, ...args], { maxBuffer: 1 << 30 })
  return stdout
}

function pom(coordinates: readonly string[]): string {
  const dependencies = coordinates.map((coordinate) => {
    const [groupId, artifactId, version] = coordinate.split(':')
    return `<dependency><groupId>${groupId}</groupId><artifactId>${artifactId}</artifactId><version>${version}</version></dependency>`
  })
  return `<project><modelVersion>4.0.0</modelVersion><groupId>typed-kafka</groupId><artifactId>jars</artifactId><version>1</version><dependencies>${dependencies.join('')}</dependencies></project>`
}
