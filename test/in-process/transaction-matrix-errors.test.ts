// Guards the end of every error code that can be said inside a transaction (T1, T5, T9): asked again, aborted, or final; never half a transaction, never a hang.
import { FencedError, Kafka, type KafkaError, type Producer, type Transaction } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createBroker, type BrokerApiName, type TestCluster } from '../../src/testing'
import { ArmedErrors, errorOf, outcomesByName } from './support/case-runner'
import { committedValues, transactionsEnded } from './support/committed-view'
import { allCodes, endingOf, endingsByCode, type NamedCode } from './support/endings-table'
import { transactionEndings } from './support/error-endings'

// Hundreds of cases at once, on machines that may have other things to do.
jest.setTimeout(20_000)

type Place = keyof typeof transactionEndings

/** Where the errors are said. */
const apis: Readonly<Record<Place, BrokerApiName>> = {
  produce: 'Produce',
  initProducerId: 'InitProducerId',
  findCoordinator: 'FindCoordinator',
  addPartitions: 'AddPartitionsToTxn',
  addOffsets: 'AddOffsetsToTxn',
  findGroupCoordinator: 'FindCoordinator',
  txnOffsetCommit: 'TxnOffsetCommit',
  commit: 'EndTxn',
  abort: 'EndTxn',
}
/** Said before there is a transaction. */
const atStart: readonly Place[] = ['initProducerId', 'findCoordinator']

let broker: TestCluster

async function start(version: 1 | 2): Promise<void> {
  const topics = [{ name: 't', partitions: allCodes.length }]
  broker = await createBroker({ network: 'memory', logger: silentLogger, seed: 1, topics })
  broker.setFeature('transaction.version', version)
}
afterEach(async () => {
  expect(broker.failures).toEqual([])
  await broker.close()
})

function producerOf(name: string): Producer {
  const kafka = new Kafka({
    ...broker.clientOptions(),
    clientId: name,
    logger: silentLogger,
    retryBackoffMs: 2,
    retryBackoffMaxMs: 20,
    requestTimeoutMs: 2000,
  })
  return kafka.producer({ transactionalId: name, maxBlockMs: 4000, deliveryTimeoutMs: 4000 })
}

/** One transaction in which one error is said, and what can be done after it. */
class TransactionCase {
  readonly #errors: ArmedErrors
  readonly #place: Place
  readonly #name: string
  readonly #code: number
  readonly #partition: number

  constructor(errors: ArmedErrors, place: Place, { name, code }: NamedCode, partition: number) {
    this.#errors = errors
    this.#place = place
    this.#name = name
    this.#code = code
    this.#partition = partition
  }

  async outcome(): Promise<string> {
    await using producer = producerOf(this.#name)
    const error = await errorOf(this.#run(producer))
    if (!this.#errors.wasUsed(this.#name)) return `was never told; ${String(error)}`
    const ending = await this.#endingAfter(producer, error)
    await transactionsEnded(broker)
    return this.#leaves(ending) ?? ending
  }

  async #run(producer: Producer): Promise<void> {
    if (atStart.includes(this.#place)) this.#arm()
    const transaction = await producer.beginTransaction()
    try {
      await this.#work(transaction)
    } catch (error) {
      await transaction.abort().catch(() => {})
      throw error
    }
  }

  async #work(transaction: Transaction): Promise<void> {
    if (this.#place !== 'commit' && this.#place !== 'abort') this.#arm()
    await transaction.send('t', { partition: this.#partition, value: 'case' })
    const offsets = [{ topic: 't', partition: this.#partition, offset: 5n }]
    await transaction.sendOffsets(offsets, { groupId: this.#name })
    if (this.#place === 'commit' || this.#place === 'abort') this.#arm()
    if (this.#place === 'abort') await transaction.abort()
    else await transaction.commit()
  }

  #arm(): void {
    this.#errors.arm(this.#name, this.#code)
  }

  async #endingAfter(producer: Producer, error: unknown): Promise<string> {
    const next = (from: Producer, value: string) =>
      errorOf(from.transaction((tx) => tx.send('t', { partition: this.#partition, value })))
    const nextError = await next(producer, 'next')
    if (error === undefined)
      return nextError === undefined ? 'succeeds' : `breaks the next: ${String(nextError)}`
    const { code } = error as KafkaError
    if (nextError === undefined) return code === this.#name ? 'abortable' : `abortable with ${code}`
    await using rescue = producerOf(this.#name)
    const rescueError = await next(rescue, 'next')
    if (rescueError !== undefined) return `bars the transactional id: ${String(rescueError)}`
    // A message, or the transaction, says that another producer has taken over.
    const isFenced = code === 'PRODUCER_FENCED' && (nextError as KafkaError).code === 'PRODUCER_FENCED'
    // A message says it by its code.
    const isOfMessage = this.#place === 'produce' || this.#place === 'addPartitions'
    if (isFenced) return error instanceof FencedError || isOfMessage ? 'fenced' : 'fenced by halves'
    return code === this.#name ? 'fatal' : `fatal with ${code}`
  }

  /** What is wrong with what readers see afterwards. */
  #leaves(ending: string): string | undefined {
    const isCommitted = ending === 'succeeds' && this.#place !== 'abort'
    const seen = committedValues(broker, 't', this.#partition).join()
    const expected = isCommitted ? 'case,next' : 'next'
    if (seen !== expected) return `${ending}, and shows ${seen}, not ${expected}`
    const offset = broker.group(this.#name)?.offsets.at(0)?.offset
    const expectedOffset = isCommitted ? 5n : undefined
    return offset === expectedOffset ? undefined : `${ending}, and leaves the offset ${offset}`
  }
}

function errorsOf(place: Place, acts = false): ArmedErrors {
  const keyType = place === 'findGroupCoordinator' ? 0 : 1
  const isLookup = apis[place] === 'FindCoordinator'
  const where = (request: unknown) => !isLookup || (request as { keyType?: number }).keyType === keyType
  return new ArmedErrors(broker, apis[place], { acts, where })
}

const cases = (Object.keys(apis) as Place[]).flatMap((place) =>
  ([1, 2] as const)
    // From level 2 on brokers add partitions and groups by themselves.
    .filter((version) => version === 1 || !place.startsWith('add'))
    .map((version) => ({ place, version, api: apis[place] })),
)

test.each(cases)(
  'T1 T5 T9 X4 X6: each code for $api ($place) with transaction.version $version',
  async ({ place, version }) => {
    await start(version)
    const errors = errorsOf(place)
    // That a batch is in the log already is said below, where it is.
    const codes = allCodes.filter(({ name }) => name !== 'DUPLICATE_SEQUENCE_NUMBER' || place !== 'produce')
    const outcomes = await outcomesByName(codes, (code, index) =>
      new TransactionCase(errors, place, code, index).outcome(),
    )
    expect({ ...endingsByCode(transactionEndings[place]), ...outcomes }).toEqual(
      endingsByCode(transactionEndings[place]),
    )
  },
)

test.each(cases)(
  'T6 P4: each code after which $api ($place) is asked again, said after it was done, transaction.version $version',
  async ({ place, version }) => {
    await start(version)
    const errors = errorsOf(place, true)
    const codes = allCodes.filter(
      ({ name }) =>
        endingOf(name, transactionEndings[place]) === 'succeeds' && name !== 'UNKNOWN_PRODUCER_ID',
    )
    const outcomes = await outcomesByName(codes, (code, index) =>
      new TransactionCase(errors, place, code, index).outcome(),
    )
    expect(outcomes).toEqual(Object.fromEntries(codes.map(({ name }) => [name, 'succeeds'])))
  },
)
