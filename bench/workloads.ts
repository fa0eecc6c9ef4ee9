import { type Client, type Codec, codecs, type Shape } from './clients'

/** What a measured process is told; see `measured/`. */
export type Spec = Readonly<Record<string, unknown>> & { readonly kind: string }

/** The tables of the results. */
export type Section = 'produce' | 'consume' | 'latency' | 'compression' | 'start-up' | 'growth'

/** One thing that every client which can is asked to do. */
export interface Workload {
  readonly name: string
  readonly title: string
  readonly section: Section
  /** Partitions of its topic, or of each of its topics. */
  readonly partitions: number
  /** Topics, when there are several. */
  readonly topics?: number
  readonly spec: Spec
  /** Partitions of a further topic in which nothing happens. */
  readonly idlePartitions?: number
  /** What stands in its topic beforehand. */
  readonly fill?: { readonly messages: number; readonly valueBytes: number; readonly compression: string }
  /** How often a client runs in one round; 1 when it is not said. */
  readonly repeats?: number
  readonly can: (client: Client) => boolean
}

const anyClient = (client: Client) => client.name !== 'socket'
const anyone = () => true
const onlyOurs = (client: Client) => client.name.startsWith('typed-kafka') && !client.name.includes('+')
const inShape = (shape: Shape) => (client: Client) => client.shapes.includes(shape) && anyClient(client)

/** 100-byte messages that a consumer reads in one run. */
const backlog = 4_000_000
const compressedBacklog = 1_200_000

const arraysOf = (valueBytes: number, compression = 'none') => ({
  kind: 'produce',
  arraySize: 500,
  callsAtOnce: 5,
  valueBytes,
  compression,
  seconds: 4,
})

const produceWorkloads: readonly Workload[] = [
  {
    name: 'produce-100',
    title: 'arrays of 500 × 100 B, 5 calls at once',
    section: 'produce',
    partitions: 3,
    spec: arraysOf(100),
    can: anyone,
  },
  {
    name: 'produce-1k',
    title: 'arrays of 500 × 1 KB, 5 calls at once',
    section: 'produce',
    partitions: 3,
    spec: arraysOf(1000),
    can: anyone,
  },
  {
    name: 'send-1000',
    title: 'single sends of 100 B, 1,000 at once',
    section: 'produce',
    partitions: 3,
    spec: { kind: 'produce', arraySize: 1, callsAtOnce: 1000, valueBytes: 100, seconds: 4 },
    can: anyClient,
  },
  {
    name: 'send-1',
    title: 'single sends of 100 B, one at a time',
    section: 'produce',
    partitions: 3,
    spec: { kind: 'produce', arraySize: 1, callsAtOnce: 1, valueBytes: 100, seconds: 3 },
    can: anyClient,
  },
]

const consumeWorkloads: readonly Workload[] = (
  [
    ['batches', 'in batches'],
    ['each', 'one by one to a handler'],
    ['iterate', 'by for await'],
  ] as const
).map(([shape, title]) => ({
  name: `consume-${shape}`,
  title: `100 B, ${title}`,
  section: 'consume',
  partitions: 3,
  spec: { kind: 'consume', shape, messages: backlog, valueBytes: 100, maxSeconds: 4 },
  fill: { messages: backlog, valueBytes: 100, compression: 'none' },
  can: (client) => inShape(shape)(client) || (shape === 'batches' && client.name === 'socket'),
}))

const latencyWorkloads: readonly Workload[] = [500, 5000].map((rate) => ({
  name: `latency-${rate}`,
  title: `${rate.toLocaleString('en')} messages of 100 B a second, from send to handler`,
  section: 'latency',
  partitions: 3,
  spec: { kind: 'latency', rate, valueBytes: 100, seconds: 5 },
  can: anyClient,
}))

const compressionWorkloads: readonly Workload[] = codecs.flatMap((codec: Codec) => [
  {
    name: `produce-${codec}`,
    title: `produce ${codec}, arrays of 500 × 1 KB`,
    section: 'compression' as const,
    partitions: 3,
    spec: arraysOf(1000, codec),
    can: (client: Client) => client.compresses.includes(codec),
  },
  {
    name: `consume-${codec}`,
    title: `consume ${codec}, 1 KB, in batches`,
    section: 'compression' as const,
    partitions: 3,
    spec: {
      kind: 'consume',
      shape: 'batches',
      messages: compressedBacklog,
      valueBytes: 1000,
      maxSeconds: 4,
    },
    fill: { messages: compressedBacklog, valueBytes: 1000, compression: codec },
    can: (client: Client) => client.decompresses.includes(codec),
  },
])

const startUp: Workload = {
  name: 'start-up',
  title: 'from the import to the first acknowledgement',
  section: 'start-up',
  partitions: 3,
  spec: { kind: 'startUp', valueBytes: 100 },
  repeats: 3,
  can: anyClient,
}

const growing = { arraySize: 100, valueBytes: 100, messages: 600_000 }

function across(name: string, title: string, partitions: number, topics: number): Workload[] {
  const fill = { messages: growing.messages, valueBytes: 100, compression: 'none' }
  const common = { section: 'growth' as const, partitions, topics, can: onlyOurs }
  return [
    {
      ...common,
      name: `growth-produce-${name}`,
      title: `produce, ${title}`,
      spec: { kind: 'grow', axis: 'produce', ...growing },
    },
    {
      ...common,
      name: `growth-consume-${name}`,
      title: `consume, ${title}`,
      spec: { kind: 'grow', axis: 'consume', ...growing },
      fill,
    },
  ]
}

const growthWorkloads: readonly Workload[] = [
  ...[1, 10, 100, 1000, 10_000].flatMap((count) =>
    across(
      `partitions-${count}`,
      `${count.toLocaleString('en')} partition${count === 1 ? '' : 's'}`,
      count,
      1,
    ),
  ),
  ...[10, 100, 1000].flatMap((count) =>
    across(`topics-${count}`, `${count.toLocaleString('en')} topics of one partition`, 1, count),
  ),
  ...[10, 1000, 10_000].map((partitions): Workload => ({
    name: `growth-scatter-${partitions}`,
    title: `produce, keys scattered over ${partitions.toLocaleString('en')} partitions`,
    section: 'growth',
    partitions,
    spec: { kind: 'grow', axis: 'produce', scattered: true, ...growing },
    can: onlyOurs,
  })),
  {
    name: 'growth-idle-2000',
    title: 'consume, 1 busy partition beside 2,000 idle ones',
    section: 'growth',
    partitions: 1,
    idlePartitions: 2000,
    spec: { kind: 'grow', axis: 'consume', ...growing },
    fill: { messages: growing.messages, valueBytes: 100, compression: 'none' },
    can: onlyOurs,
  },
  ...[10, 2000].map((partitions): Workload => ({
    name: `growth-trickle-${partitions}`,
    title: `500 single messages a second out and in, ${partitions.toLocaleString('en')} partitions`,
    section: 'growth',
    partitions,
    spec: { kind: 'grow', axis: 'trickle', rate: 500, valueBytes: 100, seconds: 6 },
    can: onlyOurs,
  })),
  ...[10, 100, 1000, 10_000, 100_000, 1_000_000].map((bytes): Workload => {
    const messages = Math.max(1000, Math.min(1_000_000, Math.floor(300_000_000 / bytes)))
    const arraySize = Math.max(1, Math.min(500, Math.floor(500_000 / bytes)))
    return {
      name: `growth-value-${bytes}`,
      title: `produce, values of ${bytes.toLocaleString('en')} B`,
      section: 'growth',
      partitions: 3,
      spec: { kind: 'grow', axis: 'produce', arraySize, valueBytes: bytes, messages },
      can: onlyOurs,
    }
  }),
  ...[1, 10, 50, 200].map((consumers): Workload => {
    const messages = Math.floor(2_000_000 / Math.max(consumers, 10))
    return {
      name: `growth-consumers-${consumers}`,
      title: `consume, ${consumers} consumer${consumers === 1 ? '' : 's'} in a process`,
      section: 'growth',
      partitions: 3,
      spec: { kind: 'grow', axis: 'consumers', consumers, messages },
      fill: { messages, valueBytes: 100, compression: 'none' },
      can: onlyOurs,
    }
  }),
]

/** Everything that can be measured, in the order of the tables. */
export const workloads: readonly Workload[] = [
  ...produceWorkloads,
  ...consumeWorkloads,
  ...latencyWorkloads,
  ...compressionWorkloads,
  startUp,
  ...growthWorkloads,
]

/** Those whose name or section is among the words; all without any. A word may end in `*`. */
export function chooseWorkloads(words: readonly string[] | undefined): Workload[] {
  if (words === undefined) return [...workloads]
  return words.flatMap((word) => {
    const fits = (text: string) => (word.endsWith('*') ? text.startsWith(word.slice(0, -1)) : text === word)
    const found = workloads.filter(({ name, section }) => fits(name) || fits(section))
    if (found.length === 0) {
      throw new Error(
        `There is no workload '${word}'; there are ${workloads.map(({ name }) => name).join(', ')}`,
      )
    }
    return found
  })
}
