// Guards against partitions that are added twice, or added by those who may not.
import { ErrorCode } from '../../../../src/base/error-codes'
import {
  createPartitionsApi,
  type CreatePartitionsRequest,
} from '../../../../src/wire/generated/client/create-partitions'
import { ClusterFixture } from '../support/cluster-fixture'

let cluster: ClusterFixture

beforeEach(() => {
  cluster = new ClusterFixture({ brokers: 2 })
  cluster.services.topics.create({ name: 'a' })
})

afterEach(() => cluster.close())

function ask(topics: CreatePartitionsRequest['topics'], validateOnly = false, version = 3) {
  return cluster.ask(createPartitionsApi, version, { topics, timeoutMs: 1000, validateOnly })
}

const count = (): number | undefined => cluster.services.topics.byName('a')?.partitions.length

test('adds partitions, placed or on the brokers that are named', async () => {
  expect((await ask([{ name: 'a', count: 2, assignments: null }])).results).toMatchObject([
    { name: 'a', errorCode: 0, errorMessage: null },
  ])
  await ask([{ name: 'a', count: 3, assignments: [{ brokerIds: [2] }] }], false, 0)
  expect(cluster.services.topics.partition('a', 2)?.replicas).toEqual([2])
})

test('adds nothing when it is only to check', async () => {
  expect((await ask([{ name: 'a', count: 4, assignments: null }], true)).results).toMatchObject([
    { errorCode: 0 },
  ])
  expect(count()).toBe(1)
})

test('refuses each wrong topic in words', async () => {
  cluster.denied.add('Alter Topic secret')
  const { results } = await ask([
    { name: 'a', count: 1, assignments: null },
    { name: 'nope', count: 2, assignments: null },
    { name: 'secret', count: 2, assignments: null },
    { name: 'twice', count: 2, assignments: null },
    { name: 'twice', count: 2, assignments: null },
  ])
  expect(results).toMatchObject([
    { name: 'twice', errorCode: ErrorCode.INVALID_REQUEST, errorMessage: 'Duplicate topic name.' },
    { name: 'a', errorCode: ErrorCode.INVALID_PARTITIONS, errorMessage: 'Topic already has 1 partition(s).' },
    { name: 'nope', errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION, errorMessage: null },
    { name: 'secret', errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED },
  ])
})

test('counts the added partitions against the quota', async () => {
  cluster.limitMutations(1)
  await ask([{ name: 'a', count: 41, assignments: null }])
  const refused = await ask([{ name: 'a', count: 42, assignments: null }])
  expect(refused.results).toMatchObject([{ errorCode: ErrorCode.THROTTLING_QUOTA_EXCEEDED }])
  expect(refused.throttleTimeMs).toBeGreaterThan(0)
  expect(count()).toBe(41)
})
