import {
  type AcknowledgeType,
  Kafka,
  type ShareConsumer,
  type ShareConsumerOptions,
  type ShareMessage,
  silentLogger,
} from '../../../src'
import { eventually } from '../../support/eventually'
import type { KafkaUnderTest } from './describe-kafka'
import { runKafkaTool, startJavaProgram } from './java-tools'

const limitMs = 30_000

/** A member of a share group, ours or Java's. */
export interface ShareWorker {
  /** What it got, as `value×count`. */
  readonly got: readonly string[]
  /** Offsets whose acknowledgement the broker took. */
  readonly taken: number
  /** What the broker said of the others. */
  readonly refusals: readonly string[]
  leave(): Promise<void>
  /** Ends it at once, as a crash does. */
  kill(): Promise<void>
}

/** Where a group stands in a partition. */
export interface DescribedOffsets {
  readonly groupId: string
  readonly partition: number
  /** The first offset that is not done, as the broker wrote it down last: it writes not with every acknowledgement. */
  readonly startOffset: number
  /** Messages behind it that are not done. */
  readonly lag: number
}

/** Topic and group of one test, and all that was started for it. */
export class SharedWork {
  readonly topic: string
  readonly groupId: string
  readonly client: Kafka
  readonly #kafka: KafkaUnderTest
  readonly #workers: ShareWorker[] = []

  constructor(kafka: KafkaUnderTest) {
    this.#kafka = kafka
    this.topic = kafka.uniqueName('tasks')
    this.groupId = kafka.uniqueName('workers')
    this.client = new Kafka({ brokers: kafka.bootstrap, logger: silentLogger, retryBackoffMs: 20 })
  }

  /** Makes the topic, and lets groups read it from its start. */
  async prepare(
    partitions: number,
    groups: readonly string[] = [this.groupId],
    configs: Readonly<Record<string, string>> = {},
  ): Promise<void> {
    await using admin = this.client.admin()
    await admin.createTopics([{ name: this.topic, partitions, configs: { 'min.insync.replicas': '1' } }])
    const set = { 'share.auto.offset.reset': 'earliest', ...configs }
    await admin.incrementalAlterConfigs(groups.map((name) => ({ type: 'group' as const, name, set })))
  }

  async leaderId(): Promise<number> {
    await using admin = this.client.admin()
    const [topic] = await admin.describeTopics([this.topic])
    return topic?.partitions[0]?.leader ?? -1
  }

  async produce(values: readonly string[], partitions = 1): Promise<void> {
    await using producer = this.client.producer()
    await producer.send(
      this.topic,
      values.map((value, index) => ({ value, partition: index % partitions })),
    )
  }

  /** Our member; it does with each message what the value says, as `tools/java/ShareMember.java` does. */
  ours(options: Partial<ShareConsumerOptions> & { readonly concurrency?: number } = {}): OurWorker {
    const { concurrency = 1, ...own } = options
    const consumer = this.client.shareConsumer({
      groupId: this.groupId,
      topics: [this.topic],
      onAcknowledged: (results) => worker.note(results),
      ...own,
    })
    const worker = new OurWorker(consumer, concurrency)
    this.#workers.push(worker)
    return worker
  }

  /** A member of Java's. */
  async java(
    mode: 'implicit' | 'explicit',
    recordsOfPoll: number,
    groupId = this.groupId,
  ): Promise<ShareWorker> {
    const worker = await startJavaWorker(this.#kafka, [groupId, this.topic, mode, String(recordsOfPoll)])
    this.#workers.push(worker)
    return worker
  }

  /** What Kafka's own tool says of the groups: by group and partition, the start offset and the lag. */
  async describe(groups: readonly string[] = [this.groupId]): Promise<DescribedOffsets[]> {
    const tool = 'org.apache.kafka.tools.consumer.group.ShareGroupCommand'
    const table = await runKafkaTool(this.#kafka.version, tool, [
      ...['--bootstrap-server', this.#kafka.bootstrap.join(','), '--describe', '--offsets'],
      ...groups.flatMap((groupId) => ['--group', groupId]),
    ])
    const rows = table.split('\n').map((line) => line.trim().split(/\s+/))
    const header = rows.find((row) => row.includes('START-OFFSET')) ?? []
    const cell = (row: readonly string[], name: string) => row[header.indexOf(name)] ?? ''
    return rows
      .filter((row) => cell(row, 'TOPIC') === this.topic)
      .map((row) => ({
        groupId: cell(row, 'GROUP'),
        partition: Number(cell(row, 'PARTITION')),
        startOffset: Number(cell(row, 'START-OFFSET')),
        lag: Number(cell(row, 'LAG')),
      }))
  }

  async close(): Promise<void> {
    await Promise.all(this.#workers.map((worker) => worker.kill()))
  }
}

/** A worker of this package. */
export class OurWorker implements ShareWorker {
  readonly got: string[] = []
  readonly refusals: string[] = []
  taken = 0
  readonly consumer: ShareConsumer
  readonly #renewed = new Set<string>()
  readonly #isExplicit: boolean
  /** Ends what is held up for good. */
  readonly #released = new AbortController()
  readonly #running: Promise<unknown>

  constructor(consumer: ShareConsumer, concurrency: number) {
    this.consumer = consumer
    this.#isExplicit = consumer.options.acknowledgementMode === 'explicit'
    this.#running = consumer
      .run((message) => this.#handle(message), { concurrency })
      .catch((error: unknown) => this.refusals.push(`the run: ${String(error)}`))
  }

  note(results: Parameters<NonNullable<ShareConsumerOptions['onAcknowledged']>>[0]): void {
    for (const { ranges, error } of results) {
      if (error !== undefined) this.refusals.push(error.code)
      else
        for (const { firstOffset, lastOffset } of ranges) this.taken += Number(lastOffset - firstOffset) + 1
    }
  }

  async #handle(message: ShareMessage): Promise<void> {
    const value = String(message.value)
    this.got.push(`${value}×${message.deliveryCount}`)
    const { signal } = this.#released
    if (value.startsWith('hold') && message.deliveryCount === 1 && !signal.aborted) {
      await new Promise((resolve) => signal.addEventListener('abort', resolve))
    }
    if (this.#isExplicit) message.acknowledge(this.#wordOn(value, message.deliveryCount))
  }

  #wordOn(value: string, count: number): AcknowledgeType {
    if (value.startsWith('poison')) return 'release'
    if (value.startsWith('reject')) return 'reject'
    if (value.startsWith('release') && count === 1) return 'release'
    if (!value.startsWith('renew') || this.#renewed.has(value)) return 'accept'
    this.#renewed.add(value)
    return 'renew'
  }

  /** Lets the messages that are held go on. */
  goOn(): void {
    this.#released.abort()
  }

  async leave(): Promise<void> {
    await this.consumer.close()
    await this.#running
  }

  async kill(): Promise<void> {
    this.goOn()
    await this.consumer.close({ timeoutMs: 100 })
  }
}

async function startJavaWorker(kafka: KafkaUnderTest, args: readonly string[]): Promise<ShareWorker> {
  const servers = kafka.bootstrap.join(',')
  const program = await startJavaProgram(kafka.version, 'tools/java/ShareMember.java', [servers, ...args])
  const got: string[] = []
  const refusals: string[] = []
  let taken = 0
  const reading = (async () => {
    for await (const line of program.lines) {
      const [word, what = '', count] = line.split(' ')
      if (word === 'got') got.push(`${what}×${String(count)}`)
      else if (word === 'took') taken += Number(what)
      else if (word === 'refused') refusals.push(what)
    }
  })()
  return {
    got,
    refusals,
    get taken() {
      return taken
    },
    leave: async () => {
      program.writeLine('leave')
      if ((await program.exited) !== 0) throw new Error(program.errorOutput())
      await reading
    },
    kill: () => program.stop('SIGKILL'),
  }
}

/** Waits until the workers together got what is expected, in any order; says what they got if they do not. */
export async function eventuallyGot(
  workers: readonly ShareWorker[],
  isDone: (got: readonly string[]) => boolean,
): Promise<void> {
  const all = () => workers.flatMap(({ got }) => got)
  const show = () =>
    JSON.stringify(workers.map(({ got, taken, refusals }) => ({ got: got.slice(-20), taken, refusals })))
  await eventually(() => isDone(all()), show, limitMs)
}
