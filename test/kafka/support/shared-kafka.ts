import { createServer, get, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { startDockerKafka } from './docker-kafka'
import { plaintextOnly, type KafkaAddresses } from './kafka-addresses'
import { startKafka } from './kafka-cluster'
import { externalBrokers, findKafkaSources, type KafkaNeed } from './kafka-source'
import type { KafkaVersion } from './kafka-versions'

// The single nodes that all test files of a run share. The process that runs jest owns them: it answers the workers'
// question for a version over HTTP on the loopback address, and starts the node when it is asked for the first time.

const variable = 'TYPED_KAFKA_TEST_SERVER'

interface Running {
  addresses: KafkaAddresses
  stop(): Promise<void>
}

/** Owner of the shared nodes of a test run. */
export interface SharedKafka {
  close(): Promise<void>
}

/** Starts to answer; the address is left in the environment, which jest's workers inherit. */
export async function serveSharedKafka(): Promise<SharedKafka> {
  const running = new Map<string, Promise<Running>>()
  const server = createServer((request, response) => void answer(running, request, response))
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  process.env[variable] = String((server.address() as AddressInfo).port)
  return {
    close: async () => {
      server.close()
      server.closeAllConnections()
      for (const started of await Promise.allSettled(running.values())) {
        if (started.status === 'fulfilled') await started.value.stop()
      }
    },
  }
}

async function answer(
  running: Map<string, Promise<Running>>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const name = (request.url ?? '').slice(1)
  const [source, version] = name.split('/') as ['docker' | 'java', KafkaVersion]
  const start = (): Promise<Running> => (source === 'docker' ? startDockerKafka(version) : startJava(version))
  const found = running.get(name) ?? start()
  running.set(name, found)
  try {
    response.end(JSON.stringify({ addresses: (await found).addresses }))
  } catch (error) {
    response.end(JSON.stringify({ error: error instanceof Error ? error.message : String(error) }))
  }
}

async function startJava(version: KafkaVersion): Promise<Running> {
  const cluster = await startKafka({ version })
  const { bootstrap, tls, sasl, saslTls } = cluster
  return { addresses: { version, bootstrap, tls, sasl, saslTls }, stop: cluster.stop }
}

/** Asks for the shared node of a version; `external` stands for the brokers the user named. */
export async function askSharedKafka(
  version: KafkaVersion | 'external',
  needs: readonly KafkaNeed[],
): Promise<KafkaAddresses> {
  if (version === 'external') return plaintextOnly('4.3.1', externalBrokers())
  const port = process.env[variable]
  if (port === undefined) throw new Error('There is no shared Kafka: its global set-up has not run')
  const special = needs.some((need) => need !== 'java')
  const source = findKafkaSources().source === 'docker' && !special ? 'docker' : 'java'
  const text = await fetchText(`http://127.0.0.1:${port}/${source}/${version}`)
  const answered = JSON.parse(text) as { addresses: KafkaAddresses } | { error: string }
  if ('error' in answered) throw new Error(`The shared Kafka ${version} cannot be had: ${answered.error}`)
  return answered.addresses
}

function fetchText(url: string): Promise<string> {
  return new Promise((resolve, reject) => {
    get(url, { agent: false }, (response) => {
      const chunks: Buffer[] = []
      response.on('data', (chunk: Buffer) => chunks.push(chunk))
      response.once('error', reject)
      response.once('end', () => resolve(Buffer.concat(chunks).toString()))
    }).once('error', reject)
  })
}
