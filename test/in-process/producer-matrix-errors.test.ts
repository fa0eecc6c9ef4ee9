// Guards the end of every error code that can be said to a producer: what is mended, what fails one message, and nothing that hangs.
import { Kafka, type KafkaError, type ProduceError, type Producer, type ProducerOptions } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createBroker, type TestCluster } from '../../src/testing'
import { ArmedErrors, errorOf, outcomesByName } from './support/case-runner'
import { storedValues } from './support/committed-view'
import { allCodes, endingOf, endingsByCode, type NamedCode } from './support/endings-table'
import { plainEndings } from './support/error-endings'

// Hundreds of cases at once, on machines that may have other things to do.
jest.setTimeout(20_000)

let broker: TestCluster

beforeEach(async () => {
  broker = await createBroker({
    network: 'memory',
    logger: silentLogger,
    seed: 1,
    topics: [{ name: 't', partitions: allCodes.length }],
  })
})
afterEach(async () => {
  expect(broker.failures).toEqual([])
  await broker.close()
})

function clientOf(clientId: string): Kafka {
  const options = {
    clientId,
    logger: silentLogger,
    retryBackoffMs: 2,
    retryBackoffMaxMs: 20,
    requestTimeoutMs: 2000,
  }
  return new Kafka({ ...broker.clientOptions(), ...options })
}

function producerOf(kafka: Kafka, options: ProducerOptions = {}) {
  return kafka.producer({ maxBlockMs: 4000, deliveryTimeoutMs: 4000, batchSizeBytes: 256, ...options })
}

/** As long as a batch may be, so that each message has one of its own. */
const valueOf = (text: string) => text.padEnd(150, '.')
const log = (partition: number) =>
  storedValues(broker, 't', partition)
    .map((value) => value.replaceAll('.', ''))
    .join('')

/** Says how a message failed whose code is `name`: `fails`, or what was wrong with that. */
function failure(error: unknown, name: string): string {
  const { code, message } = error as KafkaError
  return code === name ? 'fails' : `fails with ${code}: ${message}`
}

/** One message, by a producer that gives up soon: on a busy machine sooner than it may be answered. */
async function eventuallySent(producer: Producer): Promise<void> {
  for (let attempts = 1; ; attempts++) {
    const error = await errorOf(producer.send('t', { partition: 0, value: 'b' }))
    if (error === undefined) return
    if (attempts === 10 || (error as ProduceError).maybeStored) throw error as Error
  }
}

/** Those that do not say that the batch is in the log. */
const notStoredCodes = allCodes.filter(({ name }) => name !== 'DUPLICATE_SEQUENCE_NUMBER')

/** Five batches in flight of which the first gets the error; then one more. */
async function produceCase(
  errors: ArmedErrors,
  { name, code }: NamedCode,
  partition: number,
  options?: ProducerOptions,
): Promise<string> {
  await using producer = producerOf(clientOf(name), options)
  const send = (text: string) => producer.send('t', { partition, value: valueOf(text) })
  await send('0')
  errors.arm(name, code)
  const [error, ...others] = await Promise.all(['1', '2', '3', '4', '5'].map((text) => errorOf(send(text))))
  if (!errors.wasUsed(name)) return 'was never told'
  const last = await errorOf(send('6'))
  const unexpected = [...others, last].filter((other) => other !== undefined)
  if (unexpected.length > 0) return `takes others with it: ${String(unexpected[0])}`
  const expected = error === undefined ? '0123456' : '023456'
  if (log(partition) !== expected) return `leaves ${log(partition)}, not ${expected}`
  if (producer.bufferedBytes !== 0) return `keeps ${producer.bufferedBytes} bytes`
  if (error === undefined) return 'succeeds'
  // One code says that the broker itself does not know (R6, R17).
  const { maybeStored } = error as ProduceError
  if (maybeStored !== (name === 'UNKNOWN_SERVER_ERROR')) return `says that maybeStored is ${maybeStored}`
  return failure(error, name)
}

test('P1 P4 P5 P6 R1 R8: each code for the first of five batches in flight, which was not stored', async () => {
  const errors = new ArmedErrors(broker, 'Produce')
  const { DUPLICATE_SEQUENCE_NUMBER: stored, ...expected } = endingsByCode(plainEndings.idempotentProduce)
  expect(stored).toBe('succeeds')
  const outcomes = await outcomesByName(notStoredCodes, (code, index) => produceCase(errors, code, index))
  expect(outcomes).toEqual(expected)
})

test('P4 R6 R7: each code that is asked again, for a batch that was stored all the same, leaves it once', async () => {
  const errors = new ArmedErrors(broker, 'Produce', { acts: true })
  const codes = allCodes.filter(
    ({ name }) =>
      endingOf(name, {
        otherwise: 'fails',
        retriable: 'succeeds',
        named: { succeeds: ['DUPLICATE_SEQUENCE_NUMBER'] },
      }) === 'succeeds',
  )
  expect(await outcomesByName(codes, (code, index) => produceCase(errors, code, index))).toEqual(
    Object.fromEntries(codes.map(({ name }) => [name, 'succeeds'])),
  )
})

test('P3 R8: each code without idempotence; order survives the retries', async () => {
  const errors = new ArmedErrors(broker, 'Produce')
  const options = { idempotent: false }
  const outcomes = await outcomesByName(notStoredCodes, (code, index) =>
    produceCase(errors, code, index, options),
  )
  expect(outcomes).toEqual(
    Object.fromEntries(notStoredCodes.map(({ name }) => [name, endingOf(name, plainEndings.plainProduce)])),
  )
})

/** A first message whose way is barred, and a second one. */
async function firstMessage(name: string, partition: number, kafka = clientOf(name)): Promise<string> {
  await using producer = producerOf(kafka)
  const error = await errorOf(producer.send('t', { partition, value: 'a' }))
  const next = await errorOf(producer.send('t', { partition, value: 'b' }))
  if (next !== undefined) return `leaves a producer that fails: ${String(next)}`
  const expected = error === undefined ? 'ab' : 'b'
  if (log(partition) !== expected) return `leaves ${log(partition)}, not ${expected}`
  return error === undefined ? 'succeeds' : failure(error, name)
}

test('P20 R9: each code for the question for a producer id', async () => {
  const errors = new ArmedErrors(broker, 'InitProducerId')
  const run = async ({ name, code }: NamedCode, index: number) => {
    const kafka = clientOf(name)
    // Metadata is there, so that a message waits for the id alone: an answer that nobody waits for is nobody's error.
    await using other = producerOf(kafka)
    await other.send('t', { partition: index, value: '' })
    errors.arm(name, code)
    return firstMessage(name, index, kafka)
  }
  expect(await outcomesByName(allCodes, run)).toEqual(endingsByCode(plainEndings.initProducerId))
})

test('P8 N9: each code for the topic in the first answer about metadata', async () => {
  const armed = new Map(allCodes.map(({ name, code }) => [name, code]))
  broker.on('Metadata', async (request, exchange) => {
    const code = armed.get(exchange.clientId ?? '')
    if (code === undefined || request.topics?.length !== 1) return undefined
    armed.delete(exchange.clientId ?? '')
    const response = await exchange.proceed()
    return (
      response && {
        ...response,
        topics: response.topics.map((topic) => ({ ...topic, errorCode: code, partitions: [] })),
      }
    )
  })
  const outcomes = await outcomesByName(allCodes, ({ name }, index) => firstMessage(name, index))
  expect(outcomes).toEqual(endingsByCode(plainEndings.metadata))
  expect(armed.size).toBe(0)
})

test('P8 N2: each code for all of an answer about metadata, the first one and a later one', async () => {
  const errors = new ArmedErrors(broker, 'Metadata')
  const run = async ({ name, code }: NamedCode, index: number) => {
    errors.arm(name, code)
    const kafka = clientOf(name)
    const outcome = await firstMessage(name, index, kafka)
    await using producer = producerOf(kafka)
    await producer.send('t', { partition: index, value: 'c' })
    errors.arm(name, code)
    await errorOf(producer.connect())
    await producer.send('t', { partition: index, value: 'd' })
    const rest = log(index).slice(-2)
    return rest === 'cd' && errors.wasUsed(name) ? outcome : `leaves ${rest}, not cd`
  }
  expect(await outcomesByName(allCodes, run)).toEqual(endingsByCode(plainEndings.wholeMetadata))
})

test('P11 P12 N9: each code for the topic while a message looks for its new leader costs the message nothing', async () => {
  const errors = new ArmedErrors(broker, 'Produce')
  const armed = new Map<string, number>()
  broker.on('Metadata', async (_, exchange) => {
    const code = armed.get(exchange.clientId ?? '')
    if (code === undefined) return undefined
    armed.delete(exchange.clientId ?? '')
    const response = await exchange.proceed()
    return (
      response && {
        ...response,
        topics: response.topics.map((topic) => ({ ...topic, errorCode: code, partitions: [] })),
      }
    )
  })
  const run = async ({ name, code }: NamedCode, partition: number): Promise<string> => {
    await using producer = producerOf(clientOf(name))
    await producer.send('t', { partition, value: 'a' })
    armed.set(name, code)
    errors.arm(name, 6)
    const sent = ['b', 'c'].map((value) => producer.send('t', { partition, value }))
    await Promise.all(sent)
    await producer.send('t', { partition, value: 'd' })
    return log(partition)
  }
  const outcomes = await outcomesByName(allCodes, run)
  expect(outcomes).toEqual(Object.fromEntries(allCodes.map(({ name }) => [name, 'abcd'])))
})

test.each([
  ['Produce', 'NOT_ENOUGH_REPLICAS', 'DELIVERY_TIMEOUT'],
  ['Produce', 'UNKNOWN_TOPIC_ID', 'DELIVERY_TIMEOUT'],
  ['InitProducerId', 'COORDINATOR_LOAD_IN_PROGRESS', 'DELIVERY_TIMEOUT'],
  ['Metadata', 'LEADER_NOT_AVAILABLE', 'METADATA_TIMEOUT'],
] as const)('P7 P8: %s that is always answered by %s ends in %s, in time', async (api, code, expected) => {
  broker.faults.fail(api, code)
  await using producer = producerOf(clientOf('always'), {
    maxBlockMs: 300,
    deliveryTimeoutMs: 300,
    requestTimeoutMs: 200,
  })
  const startedAt = performance.now()
  expect(await errorOf(producer.send('t', { partition: 0, value: 'a' }))).toMatchObject({ code: expected })
  const tookMs = performance.now() - startedAt
  expect(tookMs).toBeGreaterThan(250)
  // A second for what else the machine may have to do.
  expect(tookMs).toBeLessThan(300 + 200 + 1000)
  broker.clearFaults()
  await eventuallySent(producer)
  expect(log(0)).toBe('b')
})
