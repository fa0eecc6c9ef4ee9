// Guards the end of every error code that can be said to a member of a share group: what passes, what the user is told,
// what an acknowledgement makes of it, and nothing that hangs.
import { Kafka, type AcknowledgementResult, type KafkaError, type ShareConsumerOptions } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { createBroker, type BrokerApiName, type TestCluster } from '../../src/testing'
import { ArmedErrors, OneTimeErrors, outcomesByName, until } from './support/case-runner'
import { allCodes, endingsByCode, type Endings, type NamedCode } from './support/endings-table'
import { noLeader, refuseAcknowledgements } from './support/refused-acknowledgements'

/**
 * - `succeeds`: the user sees nothing of it
 * - `fatal`: the run rejects with it, and so does the next one
 * - `raised`: the run rejects with it, and the next one goes on
 * - `told`: it is the result of the acknowledgement, and nothing else
 */
type Ending = 'succeeds' | 'fatal' | 'raised' | 'told'

/** So many cases at once take their time on a machine that has other things to do. */
const limitMs = 30_000
const passing = ['UNKNOWN_SERVER_ERROR']
/** What is said under locks of a broker that does not lead any more, or knows the session no longer, is not said again (S3). */
const neverSaidAgain = [
  'UNKNOWN_TOPIC_OR_PARTITION',
  'LEADER_NOT_AVAILABLE',
  'NOT_LEADER_OR_FOLLOWER',
  'REPLICA_NOT_AVAILABLE',
  'NETWORK_EXCEPTION',
  'KAFKA_STORAGE_ERROR',
  'LISTENER_NOT_FOUND',
  'FENCED_LEADER_EPOCH',
  'PREFERRED_LEADER_NOT_AVAILABLE',
  'ELIGIBLE_LEADERS_NOT_AVAILABLE',
  'ELECTION_NOT_NEEDED',
  'UNKNOWN_TOPIC_ID',
  'INCONSISTENT_TOPIC_ID',
  'SHARE_SESSION_NOT_FOUND',
  'INVALID_SHARE_SESSION_EPOCH',
  'SHARE_SESSION_LIMIT_REACHED',
]

let broker: TestCluster

beforeEach(async () => {
  broker = await createBroker({
    network: 'memory',
    logger: silentLogger,
    seed: 1,
    topics: [{ name: 'orders', partitions: 1 }],
    configs: {
      'group.share.min.heartbeat.interval.ms': 10,
      'group.share.heartbeat.interval.ms': 20,
      'group.share.assignment.interval.ms': 0,
    },
  })
  const kafka = clientOf('admin')
  await using admin = kafka.admin()
  await admin.incrementalAlterConfigs(
    allCodes.map(({ name }) => ({ type: 'group', name, set: { 'share.auto.offset.reset': 'earliest' } })),
  )
  await using producer = kafka.producer()
  for (const value of ['a', 'b', 'c']) await producer.send('orders', { value, partition: 0 })
})

afterEach(async () => {
  expect(broker.failures).toEqual([])
  await broker.close()
})

function clientOf(clientId: string): Kafka {
  return new Kafka({
    ...broker.clientOptions(),
    clientId,
    logger: silentLogger,
    retryBackoffMs: 2,
    retryBackoffMaxMs: 20,
    requestTimeoutMs: 5000,
  })
}

function consumerOf(name: string, options: Partial<ShareConsumerOptions> = {}) {
  return clientOf(name).shareConsumer({
    groupId: name,
    topics: ['orders'],
    maxPollRecords: 1,
    fetchMaxWaitMs: 20,
    ...options,
  })
}

/** Reads three messages, one at a time; the error is said once the first was handed out. */
async function readCase({ name }: NamedCode, arm: () => unknown): Promise<string> {
  const seen: string[] = []
  const failures: string[] = []
  const consumer = consumerOf(name, {
    onAcknowledged: (results) => failures.push(...failuresOf(results)),
  })
  const read = () =>
    consumer.run(async (message) => {
      seen.push(`${String(message.value)}${message.deliveryCount}`)
      if (seen.length === 1) await arm()
      if (String(message.value) === 'c') void consumer.stop()
    })
  try {
    await read()
    await consumer.close()
    return failures.every((code) => code === name) ? 'succeeds' : `tells of ${failures.join(', ')}`
  } catch (error) {
    if ((error as KafkaError).code !== name) return `fails with ${String(error)}`
    return await read().then(
      () => 'raised',
      (again: unknown) => (again === error ? 'fatal' : `fails anew with ${String(again)}`),
    )
  } finally {
    await consumer.close({ timeoutMs: 500 })
  }
}

/** Accepts three messages by hand, each with a commit; the error is said to the first. */
async function commitCase({ name }: NamedCode, arm: () => unknown): Promise<string> {
  const results: AcknowledgementResult[] = []
  const consumer = consumerOf(name, { acknowledgementMode: 'explicit' })
  try {
    await consumer.run(async (message) => {
      message.acknowledge('accept')
      if (results.length === 0) arm()
      results.push(...(await consumer.commit()))
      if (String(message.value) === 'c') void consumer.stop()
    })
  } catch (error) {
    return (error as KafkaError).code === name ? 'fatal' : `fails with ${String(error)}`
  } finally {
    await consumer.close({ timeoutMs: 500 })
  }
  const failures = failuresOf(results)
  const accepted = results.length - failures.length
  if (failures.length === 0) return accepted === 3 ? 'succeeds' : `tells ${results.length} results`
  return failures.join() === name && accepted === 2 ? 'told' : `tells ${failures.join()} beside ${accepted}`
}

const failuresOf = (results: readonly AcknowledgementResult[]) =>
  results.flatMap(({ error }) => (error === undefined ? [] : [error.code]))

type Case = (one: NamedCode, arm: () => void) => Promise<string>

/** Runs a case for each code, and compares what became of it. */
async function matrix(errors: OneTimeErrors, run: Case, endings: Endings<Ending>): Promise<void> {
  const outcomes = await outcomesByName(allCodes, async (one) => {
    const outcome = await run(one, () => errors.arm(one.name, one.code))
    return errors.wasUsed(one.name) ? outcome : 'was never told'
  })
  expect(outcomes).toEqual(endingsByCode(endings))
}

test(
  'S3 S5: each code for a whole ShareFetch',
  async () => {
    const errors = new ArmedErrors(broker, 'ShareFetch')
    await matrix(errors, readCase, {
      retriable: 'succeeds',
      otherwise: 'fatal',
      named: { succeeds: passing },
    })
  },
  limitMs,
)

test(
  'S3: each code for the partition of a ShareFetch',
  async () => {
    const errors = new OneTimeErrors()
    const topicId = broker.topics[0]?.id as string
    broker.on('ShareFetch', async (request, exchange) => {
      const code = errors.take(exchange.clientId)
      if (code === undefined) return undefined
      const answer = await exchange.proceed({ ...request, maxRecords: 0 })
      const refused = {
        partitionIndex: 0,
        errorCode: code,
        acknowledgeErrorCode: 0,
        currentLeader: noLeader,
        records: [],
        acquiredRecords: [],
      }
      const said = answer?.responses[0]?.partitions[0]
      return answer && { ...answer, responses: [{ topicId, partitions: [{ ...said, ...refused }] }] }
    })
    await matrix(errors, readCase, {
      retriable: 'succeeds',
      otherwise: 'raised',
      named: { succeeds: passing },
    })
  },
  limitMs,
)

test(
  'S2 S3: each code for acknowledgements that go with a ShareFetch',
  async () => {
    const errors = new OneTimeErrors()
    broker.on('ShareFetch', async (request, exchange) => {
      const words = request.topics.flatMap(({ partitions }) =>
        partitions.flatMap(({ acknowledgementBatches }) => acknowledgementBatches),
      )
      const code = words.length > 0 ? errors.take(exchange.clientId) : undefined
      if (code === undefined) return undefined
      const topics = request.topics.map(({ topicId, partitions }) => ({
        topicId,
        partitions: partitions.map(({ partitionIndex }) => ({ partitionIndex, acknowledgementBatches: [] })),
      }))
      const answer = await exchange.proceed({ ...request, topics, maxRecords: 0 })
      const partitions = request.topics[0]?.partitions.map(({ partitionIndex }) => ({
        partitionIndex,
        errorCode: 0,
        acknowledgeErrorCode: code,
        currentLeader: noLeader,
        records: [],
        acquiredRecords: [],
      }))
      const topicId = request.topics[0]?.topicId as string
      return answer && { ...answer, responses: [{ topicId, partitions: partitions ?? [] }] }
    })
    const run: Case = async (one, arm) => {
      const failures: string[] = []
      const seen: string[] = []
      const consumer = consumerOf(one.name, {
        onAcknowledged: (results) => failures.push(...failuresOf(results)),
      })
      arm()
      await consumer.run((message) => {
        seen.push(`${String(message.value)}${message.deliveryCount}`)
        if (seen.length === 3) void consumer.stop()
      })
      await consumer.close()
      if (seen.join() !== 'a1,b1,c1') return `hands out ${seen.join()}`
      if (failures.length === 0) return 'succeeds'
      return failures.join() === one.name ? 'told' : `tells ${failures.join()}`
    }
    await matrix(errors, run, {
      retriable: 'succeeds',
      otherwise: 'told',
      named: { told: neverSaidAgain },
    })
  },
  limitMs,
)

test(
  'S2 S3: each code for the partition of a ShareAcknowledge',
  async () => {
    const errors = new OneTimeErrors()
    refuseAcknowledgements(broker, (clientId) => errors.take(clientId))
    await matrix(errors, commitCase, {
      retriable: 'succeeds',
      otherwise: 'told',
      named: { told: neverSaidAgain },
    })
  },
  limitMs,
)

test(
  'S3: each code for a whole ShareAcknowledge',
  async () => {
    const errors = new ArmedErrors(broker, 'ShareAcknowledge')
    await matrix(errors, commitCase, {
      retriable: 'told',
      otherwise: 'fatal',
      named: { told: passing },
    })
  },
  limitMs,
)

const joinsAgain = ['FENCED_MEMBER_EPOCH', 'UNKNOWN_MEMBER_ID', 'ILLEGAL_GENERATION']

test.each([
  ['of a member', false, [...joinsAgain, 'GROUP_ID_NOT_FOUND', 'REBALANCE_IN_PROGRESS']],
  ['that joins', true, [...joinsAgain, 'REBALANCE_IN_PROGRESS']],
] as const)(
  'G3: each code for a heartbeat %s',
  async (_, isJoining, succeeds) => {
    const api: BrokerApiName = 'ShareGroupHeartbeat'
    const errors = new ArmedErrors(broker, api)
    const run: Case = (one, arm) => {
      if (isJoining) arm()
      return readCase(one, async () => {
        if (!isJoining) arm()
        await until(() => errors.wasUsed(one.name), 'the error was said')
      })
    }
    const named = { succeeds: [...succeeds] }
    await matrix(errors, run, { retriable: 'succeeds', otherwise: 'fatal', named })
  },
  limitMs,
)
