import { mkdir, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import { fetchJars, runJavaSource } from '../maven'
import { unreachedFields, type VectorFields } from './coverage'
import { definitionsJar, loadDefinitions } from './definitions'
import { resolveMessage } from './resolve'

const outputFolder = join('test', 'golden', 'messages', 'vectors')

/** What the JSON converters of Kafka's message classes need besides the jar itself. */
const jackson = 'com.fasterxml.jackson.core:jackson-databind:2.16.2'

/** Lets Java write the golden vectors: a file each for requests, responses, and headers with data messages. */
async function main(): Promise<void> {
  const jars = await fetchJars([definitionsJar.coordinate, jackson])
  const output = await runJavaSource(jars, join('tools', 'java', 'VectorWriter.java'))
  const files = new Map<string, string[]>([
    ['requests', []],
    ['responses', []],
    ['data', []],
  ])
  const lines = output.trimEnd().split('\n')
  await checkCoverage(lines)
  for (const line of lines) files.get(fileOf(line))?.push(line)
  await rm(outputFolder, { recursive: true, force: true })
  await mkdir(outputFolder, { recursive: true })
  for (const [name, lines] of files) {
    const bytes = gzipSync(`${lines.join('\n')}\n`, { level: 9 })
    await writeFile(join(outputFolder, `${name}.ndjson.gz`), bytes)
    console.log(`${name}: ${lines.length} vectors, ${bytes.length} bytes`)
  }
}

/** Throws when the vectors leave out a field of any version of a message there are vectors for. */
async function checkCoverage(lines: readonly string[]): Promise<void> {
  const vectors = lines.map((line) => JSON.parse(line) as VectorFields)
  const names = new Set(vectors.map(({ message }) => message))
  const messages = (await loadDefinitions()).flatMap((definition) => resolveMessage(definition) ?? [])
  const unreached = unreachedFields(
    messages.filter(({ name }) => names.has(name)),
    vectors,
  )
  if (unreached.length > 0) throw new Error(`No vector reaches ${unreached.join(', ')}`)
}

function fileOf(line: string): string {
  const name = /"message":"(\w+)"/.exec(line)?.[1] ?? ''
  if (name.endsWith('Request')) return 'requests'
  return name.endsWith('Response') ? 'responses' : 'data'
}

main().catch((error: unknown) => {
  console.error(error)
  process.exitCode = 1
})
