import { execFile } from 'node:child_process'
import { createHash } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** The project's folder; tools and tests run from it. */
const cacheRoot = join(process.cwd(), 'node_modules', '.cache', 'typed-kafka', 'jars')

/**
 * Fetches artifacts with everything they need through Maven and returns the folder that holds the jars. The folder
 * is kept: a second call costs nothing.
 * @param coordinates such as `org.apache.kafka:kafka-clients:4.4.0`
 */
export async function fetchJars(coordinates: readonly string[]): Promise<string> {
  const name = createHash('sha256').update(coordinates.join(' ')).digest('hex').slice(0, 16)
  const folder = join(cacheRoot, name)
  if (existsSync(folder)) return folder
  const work = `${folder}.${process.pid}`
  await mkdir(work, { recursive: true })
  await writeFile(join(work, 'pom.xml'), pom(coordinates))
  await run(
    'mvn',
    [
      '-q',
      '-B',
      '-f',
      join(work, 'pom.xml'),
      'dependency:copy-dependencies',
      `-DoutputDirectory=${join(work, 'jars')}`,
    ],
    { maxBuffer: 1 << 26 },
  )
  // A parallel run may have been quicker; both folders hold the same.
  await rename(join(work, 'jars'), folder).catch((error: unknown) => {
    if (!existsSync(folder)) throw error
  })
  await rm(work, { recursive: true, force: true })
  return folder
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
