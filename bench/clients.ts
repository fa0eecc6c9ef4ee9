import { existsSync, readFileSync } from 'node:fs'
import { join } from 'node:path'

const folder = import.meta.dirname

/** Kafka's names of the codecs. */
export const codecs = ['gzip', 'snappy', 'lz4', 'zstd'] as const

export type Codec = (typeof codecs)[number]

/** How messages are handed out: in batches, one by one to a handler, or by `for await`. */
export type Shape = 'batches' | 'each' | 'iterate'

/** One client that takes part, and what it can do. */
export interface Client {
  /** As it is called on the command line and in results. */
  readonly name: string
  /** As it is called in tables. */
  readonly title: string
  /** The package it is in; undefined for what is not in one. */
  readonly package?: string
  /** File in `clients/`. */
  readonly adapter: string
  readonly shapes: readonly Shape[]
  readonly compresses: readonly Codec[]
  readonly decompresses: readonly Codec[]
  readonly clientOptions: { readonly module?: string; readonly nativeChecksum?: boolean }
  /** Whether it is JavaScript throughout; bundles of others say nothing. */
  readonly isScript: boolean
}

/** Why a client that was asked for does not take part. */
export interface LeftOut {
  readonly client: string
  readonly why: string
}

const allShapes = ['batches', 'each', 'iterate'] as const

const peers: readonly Omit<Client, 'clientOptions'>[] = [
  {
    name: 'kafkajs',
    title: 'KafkaJS',
    package: 'kafkajs',
    adapter: 'kafkajs',
    shapes: ['batches', 'each'],
    compresses: codecs,
    decompresses: codecs,
    isScript: true,
  },
  {
    name: 'platformatic',
    title: '@platformatic/kafka',
    package: '@platformatic/kafka',
    adapter: 'platformatic-kafka',
    // It has no batches; its stream of messages stands in for them.
    shapes: allShapes,
    compresses: codecs,
    decompresses: codecs,
    isScript: true,
  },
  {
    name: 'kafka-ts',
    title: 'kafka-ts',
    package: 'kafka-ts',
    adapter: 'kafka-ts',
    shapes: ['batches'],
    compresses: [],
    decompresses: codecs,
    isScript: true,
  },
  {
    name: 'kafkats',
    title: '@kafkats/client',
    package: '@kafkats/client',
    adapter: 'kafkats-client',
    shapes: allShapes,
    compresses: ['gzip', 'snappy', 'lz4'],
    decompresses: ['gzip', 'snappy', 'lz4'],
    isScript: true,
  },
  {
    name: 'confluent',
    title: 'confluent (KafkaJS API)',
    package: '@confluentinc/kafka-javascript',
    adapter: 'confluent',
    shapes: ['batches', 'each'],
    compresses: ['gzip', 'snappy', 'lz4'],
    decompresses: ['gzip', 'snappy', 'lz4'],
    isScript: false,
  },
  {
    name: 'node-rdkafka',
    title: 'node-rdkafka',
    package: 'node-rdkafka',
    adapter: 'node-rdkafka',
    // Its flow of single messages takes minutes for what its batches do in seconds.
    shapes: ['batches'],
    compresses: ['gzip', 'snappy', 'lz4'],
    decompresses: ['gzip', 'snappy', 'lz4'],
    isScript: false,
  },
]

/** The pseudo-client that sends frames encoded beforehand and decodes nothing. */
export const socketAlone: Client = {
  name: 'socket',
  title: 'the socket alone',
  adapter: '',
  shapes: ['batches'],
  compresses: [],
  decompresses: [],
  clientOptions: {},
  isScript: false,
}

/**
 * The clients by their names on the command line; `typed-kafka=<file>` is our client as it was built elsewhere, so that
 * two states of it can be compared in one run.
 * @param module where our own client was built
 */
export function findClients(
  names: readonly string[] | undefined,
  module: string,
): { clients: Client[]; leftOut: LeftOut[] } {
  const asked = names ?? ['typed-kafka', 'typed-kafka+crc', ...peers.map((peer) => peer.name), 'socket']
  const clients: Client[] = []
  const leftOut: LeftOut[] = []
  for (const name of asked) {
    const client = ours(name, module) ?? (name === 'socket' ? socketAlone : peerOf(name))
    const why = whyNot(client)
    if (why === undefined) clients.push(client)
    else leftOut.push({ client: client.title, why })
  }
  return { clients, leftOut }
}

function ours(name: string, module: string): Client | undefined {
  const [first, elsewhere] = name.split('=')
  if (first !== 'typed-kafka' && first !== 'typed-kafka+crc') return undefined
  const nativeChecksum = first === 'typed-kafka+crc'
  return {
    name,
    title: nativeChecksum ? 'typed-kafka with @node-rs/crc32' : name,
    adapter: 'typed-kafka',
    shapes: allShapes,
    compresses: codecs,
    decompresses: codecs,
    clientOptions: { module: elsewhere ?? module, nativeChecksum },
    isScript: true,
  }
}

/** Whether it is somebody else's client, which has to be installed. */
export function isPeer(name: string): boolean {
  return peers.some((peer) => peer.name === name)
}

function peerOf(name: string): Client {
  const peer = peers.find((candidate) => candidate.name === name)
  if (peer === undefined) {
    const known = ['typed-kafka', 'typed-kafka+crc', ...peers.map((each) => each.name), 'socket']
    throw new Error(`There is no client '${name}'; there are ${known.join(', ')}`)
  }
  return { ...peer, clientOptions: {} }
}

function whyNot(client: Client): string | undefined {
  if (client.package === undefined) return undefined
  if (versionOf(client) === undefined) {
    return client.isScript
      ? 'not installed: run `npm install` in bench/'
      : 'its native part is not built here: run `npm run native` in bench/ (a C++ compiler, Python and some minutes)'
  }
  return undefined
}

/** The version of a client's package, undefined when it is not installed or its native part is missing. */
export function versionOf(client: Client): string | undefined {
  if (client.package === undefined) return undefined
  const root = join(folder, client.isScript ? '' : 'native', 'node_modules', client.package)
  if (!existsSync(join(root, 'package.json'))) return undefined
  if (!client.isScript && !existsSync(join(root, 'build/Release'))) return undefined
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  return version
}
