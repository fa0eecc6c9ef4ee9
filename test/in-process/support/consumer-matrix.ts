import type { ConsumerOptions, KafkaError } from '../../../src'
import { silentLogger } from '../../../src/base/logger'
import { createCluster, type TestCluster, type TestClusterOptions } from '../../../src/testing'
import { errorOf, type ArmedErrors } from './case-runner'
import type { ConsumerEnding } from './consumer-endings'
import type { NamedCode } from './endings-table'
import { NumberedReader, NumberWriter } from './numbered-reader'

const partitions = 2

const inOrder = (numbers: readonly number[]) => [...numbers].sort((a, b) => a - b).join(' ')

/** The code of a client's error; undefined without one. */
export const codeOf = (error: unknown) => (error as KafkaError | undefined)?.code

/**
 * Brokers on which each case has a topic of two partitions, a group and a client of its own, so that the cases run side
 * by side. A case reads the numbers 0 to 3, and somewhere on the way comes its error.
 */
export class ConsumerMatrix {
  readonly cluster: TestCluster
  readonly writer: NumberWriter
  readonly #options: ConsumerOptions
  readonly #readers = new Map<string, NumberedReader[]>()
  /** Commits that passed a message which no reader of the group had finished. */
  readonly #tooEarly: string[] = []

  private constructor(cluster: TestCluster, options: ConsumerOptions) {
    this.cluster = cluster
    this.writer = new NumberWriter(cluster)
    this.#options = options
    cluster.on('OffsetCommit', ({ groupId, topics }) => {
      for (const topic of topics) {
        for (const { partitionIndex, committedOffset } of topic.partitions)
          this.#check(groupId, partitionIndex, Number(committedOffset))
      }
    })
  }

  /**
   * @param names the cases
   * @param consumers what their consumers have in common
   */
  static async create(
    names: readonly string[],
    consumers: ConsumerOptions = {},
    configs: TestClusterOptions['configs'] = {},
  ): Promise<ConsumerMatrix> {
    const topics = names.map((name) => ({ name, partitions, replicationFactor: 2 }))
    const common = { brokers: 2, network: 'memory', logger: silentLogger, seed: 1 } as const
    return new ConsumerMatrix(await createCluster({ ...common, topics, configs }), consumers)
  }

  /** A reader of the case of this name. */
  reader(name: string, options: ConsumerOptions = {}): NumberedReader {
    const reader = new NumberedReader(this.cluster, name, { ...this.#options, ...options })
    this.#readers.set(name, [...(this.#readers.get(name) ?? []), reader])
    return reader
  }

  /** The committed offsets of both partitions. */
  committed(group: string): string {
    return inOrder((this.cluster.group(group)?.offsets ?? []).map(({ offset }) => Number(offset)))
  }

  /** An error before the first message. */
  async atStart(name: string, arm: () => void, wasUsed: () => boolean): Promise<string> {
    await this.writer.write(name, 0, 4)
    await using reader = this.reader(name)
    arm()
    reader.start()
    await reader.readsAll(4)
    return wasUsed() ? await this.endingOf(reader, name) : 'was never told'
  }

  /** An error in the first answer of an API. */
  atFirst(errors: ArmedErrors, { name, code }: NamedCode): Promise<string> {
    return this.atStart(
      name,
      () => errors.arm(name, code),
      () => errors.wasUsed(name),
    )
  }

  /** An error between the second message and the third. */
  async inTheMiddle(reader: NumberedReader, name: string, fail: () => Promise<unknown>): Promise<string> {
    await this.writer.write(name, 0, 2)
    reader.start()
    await reader.readsAll(2)
    await fail()
    await this.writer.write(name, 2, 4)
    await reader.readsAll(4)
    return this.endingOf(reader, name)
  }

  /** An error while the reader closes, after two messages that it commits. */
  async atLeaving(errors: ArmedErrors, { name, code }: NamedCode): Promise<string> {
    await this.writer.write(name, 0, 2)
    const reader = this.reader(name)
    reader.start()
    await reader.readsAll(2)
    errors.arm(name, code)
    await reader.close()
    if (!errors.wasUsed(name)) return 'was never told'
    const committed = this.committed(name)
    return reader.error === undefined && committed === '1 1' ? 'goes on' : `leaves ${committed}`
  }

  /** An error that answers a commit which the user asks for between the second message and the third. */
  async atCommit(errors: ArmedErrors, { name, code }: NamedCode): Promise<string> {
    await using reader = this.reader(name, { autoCommit: false })
    let error: unknown
    const ending = await this.inTheMiddle(reader, name, async () => {
      errors.arm(name, code)
      error = await errorOf(reader.consumer.commit())
    })
    if (!errors.wasUsed(name)) return 'was never told'
    if (ending === 'ends') return ending
    await reader.consumer.commit()
    if (this.committed(name) !== '2 2') return `leaves ${this.committed(name)}`
    if (ending === 'reads again') return codeOf(error) === 'COMMIT_FAILED' ? ending : `says ${String(error)}`
    if (ending !== 'goes on' || error === undefined) return ending
    return codeOf(error) === name ? 'fails' : `says ${String(error)}`
  }

  /** What became of a reader that was to read 0 to 3; nothing is missing, and nothing comes twice but where it may. */
  async endingOf(reader: NumberedReader, name: string): Promise<string> {
    let ending: ConsumerEnding = 'goes on'
    let { seen } = reader
    if (reader.error !== undefined) {
      if (codeOf(reader.error) !== name) return `fails with ${String(reader.error)}`
      ending = 'fails'
      reader.start()
      await reader.readsAll(4)
      if (reader.error !== undefined) {
        ending = 'ends'
        // What the first one had read was not committed when it was put out.
        seen = await this.#readByAnother(reader, name)
      }
    }
    if (inOrder(seen) === '0 1 2 3') return ending
    const isLost = ending === 'goes on' && inOrder(seen) === '0 0 1 1 2 3'
    return isLost ? 'reads again' : `${ending}, having read ${seen.join(' ')}`
  }

  async #readByAnother(one: NumberedReader, name: string): Promise<number[]> {
    await one.close()
    await using another = this.reader(name)
    another.start()
    await another.readsAll(4)
    if (another.error !== undefined)
      throw new Error(`Another one can't go on: ${String(another.error)}`, { cause: another.error })
    return another.seen
  }

  #check(name: string, partition: number, committed: number): void {
    const finished = new Set((this.#readers.get(name) ?? []).flatMap(({ seen }) => seen))
    for (let offset = 0; offset < committed; offset++) {
      if (!finished.has(offset * partitions + partition))
        this.#tooEarly.push(`${name}-${partition}: ${committed}`)
    }
  }

  /** Ends all, and expects that the brokers saw nothing wrong. */
  async close(): Promise<void> {
    await this.writer.close()
    const { failures } = this.cluster
    await this.cluster.close()
    expect(failures).toEqual([])
    expect(this.#tooEarly).toEqual([])
  }
}
