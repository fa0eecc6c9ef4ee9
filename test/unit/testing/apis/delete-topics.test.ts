// Guards against deleting the wrong topic, or telling somebody a name that he may not know.
import { ErrorCode } from '../../../../src/base/error-codes'
import { deleteTopicsApi } from '../../../../src/wire/generated/client/delete-topics'
import { zeroTopicId } from '../../../../src/testing/cluster/topic-names'
import { ClusterFixture } from '../support/cluster-fixture'

const unknownId = 'AAAAAAAAAAAAAAAAAAAABA'
let cluster: ClusterFixture

beforeEach(() => {
  cluster = new ClusterFixture()
})

afterEach(() => cluster.close())

const byNames = (names: string[], version = 5) =>
  cluster.ask(deleteTopicsApi, version, { topicNames: names, timeoutMs: 1000 })

const byTargets = (topics: { name: string | null; topicId: string }[]) =>
  cluster.ask(deleteTopicsApi, 6, { topics, timeoutMs: 1000 })

test.each([1, 3, 5])('deletes by name in version %i', async (version) => {
  cluster.services.topics.create({ name: 'a' })
  expect((await byNames(['a', 'nope'], version)).responses).toMatchObject([
    { name: 'a', errorCode: 0 },
    { name: 'nope', errorCode: ErrorCode.UNKNOWN_TOPIC_OR_PARTITION },
  ])
  expect(cluster.services.topics.byName('a')).toBeUndefined()
})

test('deletes by id or by name since version 6, and refuses both and neither', async () => {
  const { topics } = cluster.services
  const [a, b] = [topics.create({ name: 'a' }), topics.create({ name: 'b' })]
  const { responses } = await byTargets([
    { name: null, topicId: a.id },
    { name: 'b', topicId: zeroTopicId },
    { name: 'x', topicId: unknownId },
    { name: null, topicId: unknownId },
    { name: null, topicId: zeroTopicId },
  ])
  expect(responses).toMatchObject([
    { name: 'a', topicId: a.id, errorCode: 0, errorMessage: null },
    { name: 'b', topicId: b.id, errorCode: 0 },
    {
      name: 'x',
      errorCode: ErrorCode.INVALID_REQUEST,
      errorMessage: 'You may not specify both topic name and topic id.',
    },
    {
      name: null,
      topicId: unknownId,
      errorCode: ErrorCode.UNKNOWN_TOPIC_ID,
      errorMessage: 'This server does not host this topic ID.',
    },
    {
      name: null,
      errorCode: ErrorCode.INVALID_REQUEST,
      errorMessage: 'Neither topic name nor id were specified.',
    },
  ])
})

test('refuses a topic that is named twice, and keeps it', async () => {
  cluster.services.topics.create({ name: 'a' })
  expect((await byNames(['a', 'a'])).responses).toMatchObject([
    { name: 'a', errorCode: ErrorCode.INVALID_REQUEST, errorMessage: 'Duplicate topic name.' },
  ])
  expect(cluster.services.topics.byName('a')).toBeDefined()
})

test('refuses everything where deletion is disabled', async () => {
  cluster.close()
  cluster = new ClusterFixture({ configs: { 'delete.topic.enable': 'false' } })
  cluster.services.topics.create({ name: 'a' })
  expect((await byNames(['a'])).responses).toMatchObject([{ errorCode: ErrorCode.TOPIC_DELETION_DISABLED }])
  expect((await byNames(['a'], 2)).responses).toMatchObject([{ errorCode: ErrorCode.INVALID_REQUEST }])
  expect(cluster.services.topics.byName('a')).toBeDefined()
})

test('tells the name of a topic that was given by id only to those who may describe it', async () => {
  const { id } = cluster.services.topics.create({ name: 'a' })
  cluster.denied.add('Delete Topic a')
  const refused = { topicId: id, errorCode: ErrorCode.TOPIC_AUTHORIZATION_FAILED }
  expect((await byTargets([{ name: null, topicId: id }])).responses).toMatchObject([
    { ...refused, name: 'a' },
  ])
  cluster.denied.add('Describe Topic a')
  expect((await byTargets([{ name: null, topicId: id }])).responses).toMatchObject([
    { ...refused, name: null },
  ])
  expect(cluster.services.topics.byName('a')).toBeDefined()
})
