// Guards the end of every error code that can be said to a consumer: what is asked again, what the user is told, and nothing that hangs, gets lost, is read twice or committed before it was finished.
import type { BrokerApiName } from '../../src/testing'
import { ArmedErrors, outcomesByName } from './support/case-runner'
import { consumerEndings } from './support/consumer-endings'
import { ConsumerMatrix } from './support/consumer-matrix'
import { allCodes, endingsByCode, type NamedCode } from './support/endings-table'

let matrix: ConsumerMatrix

beforeEach(async () => {
  matrix = await ConsumerMatrix.create(allCodes.map(({ name }) => name))
})
afterEach(() => matrix.close())

const expectedAt = (place: keyof typeof consumerEndings) => endingsByCode(consumerEndings[place])

test.each([
  ['findCoordinator', 'FindCoordinator'],
  ['joinGroup', 'JoinGroup'],
  ['syncGroup', 'SyncGroup'],
  ['offsetFetch', 'OffsetFetch'],
  ['listOffsets', 'ListOffsets'],
  ['wholeMetadata', 'Metadata'],
] as const)(
  '%s: each code in the first answer of %s',
  async (place, api) => {
    const errors = new ArmedErrors(matrix.cluster, api)
    const run = (one: NamedCode) => matrix.atFirst(errors, one)
    expect(await outcomesByName(allCodes, run)).toEqual(expectedAt(place))
  },
  30_000,
)

test('G3 G9: each code for a heartbeat', async () => {
  const beats = new Map<string, number>()
  const beatsOf = (name: string) => beats.get(name) ?? 0
  matrix.cluster.on('Heartbeat', (_, { clientId }) => {
    beats.set(clientId ?? '', beatsOf(clientId ?? '') + 1)
  })
  const errors = new ArmedErrors(matrix.cluster, 'Heartbeat')
  const run = async ({ name, code }: NamedCode) => {
    await using reader = matrix.reader(name)
    return await matrix.inTheMiddle(reader, name, async () => {
      errors.arm(name, code)
      await reader.reads(() => errors.wasUsed(name), 'a heartbeat')
      const told = beatsOf(name)
      // Whatever the error made of the member, it is done by then.
      await reader.reads(() => beatsOf(name) > told + 2, 'two heartbeats after the error')
    })
  }
  expect(await outcomesByName(allCodes, run)).toEqual(expectedAt('heartbeat'))
}, 30_000)

test('G15: each code for the request to leave does not keep a close, nor its commit', async () => {
  const errors = new ArmedErrors(matrix.cluster, 'LeaveGroup')
  const run = (one: NamedCode) => matrix.atLeaving(errors, one)
  expect(await outcomesByName(allCodes, run)).toEqual(expectedAt('leaveGroup'))
}, 30_000)

test('C14 G9: each code for a commit of the user', async () => {
  const errors = new ArmedErrors(matrix.cluster, 'OffsetCommit')
  const run = (one: NamedCode) => matrix.atCommit(errors, one)
  expect(await outcomesByName(allCodes, run)).toEqual(expectedAt('commit'))
}, 30_000)

test('C13: each code for an automatic commit', async () => {
  const errors = new ArmedErrors(matrix.cluster, 'OffsetCommit')
  const run = async ({ name, code }: NamedCode) => {
    const reader = matrix.reader(name, { autoCommitMessages: 2 })
    errors.arm(name, code)
    const ending = await matrix.inTheMiddle(reader, name, async () => {
      await reader.reads(() => errors.wasUsed(name), 'a commit')
    })
    await reader.close()
    return matrix.committed(name) === '2 2' ? ending : `leaves ${matrix.committed(name)}`
  }
  const outcomes = await outcomesByName(allCodes, run)
  expect(outcomes).toEqual(expectedAt('autoCommit'))
}, 30_000)

test('C2: each code for the question whether a log was truncated', async () => {
  const errors = new ArmedErrors(matrix.cluster, 'OffsetForLeaderEpoch')
  const run = async ({ name, code }: NamedCode) => {
    await using reader = matrix.reader(name)
    const ending = await matrix.inTheMiddle(reader, name, () => {
      errors.arm(name, code)
      matrix.cluster.moveLeader(name, 0, matrix.cluster.partition(name, 0).leaderId === 1 ? 2 : 1)
      return Promise.resolve()
    })
    return errors.wasUsed(name) ? ending : 'was never told'
  }
  expect(await outcomesByName(allCodes, run)).toEqual(expectedAt('offsetForLeaderEpoch'))
}, 30_000)

/** Changes one answer to each client by its code; answers who has not had it yet. */
function changeOnce<Name extends BrokerApiName>(
  api: Name,
  change: Parameters<typeof matrix.cluster.on<Name>>[1] extends (
    request: infer Request,
    exchange: infer Exchange,
  ) => infer Answer
    ? (code: number, request: Request, exchange: Exchange) => Answer
    : never,
): Set<string> {
  const waiting = new Set(allCodes.map(({ name }) => name))
  const codes = new Map(allCodes.map(({ name, code }) => [name, code]))
  matrix.cluster.on(api, async (request, exchange) => {
    const name = exchange.clientId ?? ''
    if (!waiting.has(name)) return undefined
    const answer = await change(codes.get(name) ?? 0, request, exchange)
    if (answer !== undefined) waiting.delete(name)
    return answer
  })
  return waiting
}

const atStartBy = (waiting: Set<string>) => (name: string) =>
  matrix.atStart(
    name,
    () => {},
    () => !waiting.has(name),
  )

test('C1 C7 F5 F8: each code for one of two partitions that are fetched', async () => {
  const waiting = changeOnce('Fetch', async (code, request, exchange) => {
    if (!request.topics.some(({ partitions }) => partitions.some(({ partition }) => partition === 1)))
      return undefined
    const response = await exchange.proceed()
    if (response === undefined) return undefined
    const responses = response.responses.map((topic) => ({
      ...topic,
      partitions: topic.partitions.map((partition) =>
        partition.partitionIndex === 1 ? { ...partition, errorCode: code, records: null } : partition,
      ),
    }))
    return { ...response, responses }
  })
  const run = atStartBy(waiting)
  const outcomes = await outcomesByName(allCodes, ({ name }) => run(name))
  expect(outcomes).toEqual(expectedAt('fetchedPartition'))
}, 30_000)

test('C10: each code for a fetch as a whole', async () => {
  const waiting = changeOnce('Fetch', (code) => ({
    throttleTimeMs: 0,
    errorCode: code,
    sessionId: 0,
    responses: [],
  }))
  const run = atStartBy(waiting)
  expect(await outcomesByName(allCodes, ({ name }) => run(name))).toEqual(expectedAt('wholeFetch'))
}, 30_000)

test('G13: each code for the topic in the first answer about it', async () => {
  const waiting = changeOnce('Metadata', async (code, request, exchange) => {
    if (request.topics?.length !== 1) return undefined
    const response = await exchange.proceed()
    const refused = { errorCode: code, partitions: [] }
    return response && { ...response, topics: response.topics.map((topic) => ({ ...topic, ...refused })) }
  })
  const run = atStartBy(waiting)
  expect(await outcomesByName(allCodes, ({ name }) => run(name))).toEqual(expectedAt('topicMetadata'))
}, 30_000)

test('N5: each code for the versions of the first broker, but for the one by which it says its own', async () => {
  const codes = allCodes.filter(({ name }) => name !== 'UNSUPPORTED_VERSION')
  const errors = new ArmedErrors(matrix.cluster, 'ApiVersions')
  const run = (one: NamedCode) => matrix.atFirst(errors, one)
  expect(await outcomesByName(codes, run)).toEqual(endingsByCode(consumerEndings.apiVersions, codes))
}, 30_000)
