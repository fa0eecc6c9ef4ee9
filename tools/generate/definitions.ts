import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { basename, join } from 'node:path'
import { fetchJars } from '../maven'
import { parseDefinition } from './parse'
import { checkShape, type MessageDefinition } from './schema'
import { checkPair } from './validate'
import { readZip } from './zip'

/** The jar that holds the definitions, and what its bytes must hash to. */
export const definitionsJar = {
  coordinate: 'org.apache.kafka:kafka-clients:4.4.0',
  file: 'kafka-clients-4.4.0.jar',
  sha256: '1ab07317eb6633241392449d329dbdc5d9251e6ffc4926860f42dd966e88bdf9',
} as const

/** Fetches the jar, checks its hash and reads all message definitions in it, sorted by file name. */
export async function loadDefinitions(): Promise<MessageDefinition[]> {
  const folder = await fetchJars([definitionsJar.coordinate])
  const jar = await readFile(join(folder, definitionsJar.file))
  const sha256 = createHash('sha256').update(jar).digest('hex')
  if (sha256 !== definitionsJar.sha256) {
    throw new Error(`${definitionsJar.file} has sha256 ${sha256}, expected ${definitionsJar.sha256}`)
  }
  const files = readZip(jar, (name) => name.startsWith('common/message/') && name.endsWith('.json'))
  const texts = [...files].sort(([a], [b]) => (a < b ? -1 : 1))
  return readDefinitions(texts.map(([name, bytes]) => [basename(name), bytes.toString('utf8')]))
}

/** Parses definition files and checks each, and requests against responses. */
export function readDefinitions(
  texts: readonly (readonly [file: string, text: string])[],
): MessageDefinition[] {
  const definitions = texts.map(([file, text]) => checkShape(file, parseDefinition(file, text)))
  const requests = new Map(definitions.filter((d) => d.type === 'request').map((d) => [d.apiKey, d]))
  const responses = new Map(definitions.filter((d) => d.type === 'response').map((d) => [d.apiKey, d]))
  for (const [key, request] of requests) {
    const response = responses.get(key)
    if (response === undefined) throw new Error(`${request.name} has no response`)
    checkPair(request, response)
  }
  if (requests.size !== responses.size) throw new Error('there are responses without requests')
  return definitions
}
