// Guards against sessions that go on when they are over, and answers that a client can't match.
import type { Topic } from '../../../../src/testing/contracts/topics'
import { ShareDriver, of } from '../groups/share/share-driver'
import { codeName } from '../support/group-fixture'

describe('ShareFetch', () => {
  let group: ShareDriver
  let topic: Topic

  beforeEach(async () => {
    group = new ShareDriver({ 'group.share.max.share.sessions': '2' })
    topic = await group.begin(2)
  })

  afterEach(() => group.cluster.close())

  const errorOf = async (request: Parameters<ShareDriver['fetch']>[0]) =>
    codeName((await group.take(request)).errorCode)

  test('goes by session epochs', async () => {
    expect(await errorOf({ shareSessionEpoch: 1 })).toBe('SHARE_SESSION_NOT_FOUND')
    expect(await errorOf({ shareSessionEpoch: -1 })).toBe('SHARE_SESSION_NOT_FOUND')
    expect(await errorOf({ topics: of(topic) })).toBe('NONE')
    expect(await errorOf({ shareSessionEpoch: 5 })).toBe('INVALID_SHARE_SESSION_EPOCH')
    expect(await errorOf({ shareSessionEpoch: 1 })).toBe('NONE')
    expect(await errorOf({ shareSessionEpoch: 2 })).toBe('NONE')
    expect(await errorOf({ topics: of(topic, 0, [0, 0, 1]) })).toBe('INVALID_REQUEST')
    expect(await errorOf({ shareSessionEpoch: -1 })).toBe('NONE')
    expect(await errorOf({ shareSessionEpoch: -1 })).toBe('SHARE_SESSION_NOT_FOUND')
  })

  test('has room for so many sessions on a broker', async () => {
    expect(await errorOf({ memberId: 'a' })).toBe('NONE')
    expect(await errorOf({ memberId: 'b' })).toBe('NONE')
    expect(await errorOf({ memberId: 'c' })).toBe('SHARE_SESSION_LIMIT_REACHED')
    expect(await errorOf({ memberId: 'b' })).toBe('NONE')
  })

  test('names partitions without news only when the session learns of them', async () => {
    const answered = async (request: Parameters<ShareDriver['fetch']>[0]) =>
      (await group.take(request)).response.responses.flatMap(({ partitions }) =>
        partitions.map(({ partitionIndex }) => partitionIndex),
      )
    expect(await answered({ topics: of(topic, 0) })).toEqual([0])
    expect(await answered({ shareSessionEpoch: 1 })).toEqual([])
    expect(await answered({ shareSessionEpoch: 2, topics: of(topic, 1) })).toEqual([1])
    group.produce(topic, 1)
    expect(await answered({ shareSessionEpoch: 3 })).toEqual([0])
    group.produce(topic, 1)
    const forgotten = [{ topicId: topic.id, partitions: [0] }]
    expect(await answered({ shareSessionEpoch: 4, forgottenTopicsData: forgotten })).toEqual([])
  })

  test('refuses what there is not, what is not led here and what may not be read', async () => {
    const codeFor = async (request: Parameters<ShareDriver['fetch']>[0]) =>
      codeName((await group.take(request)).partition?.errorCode ?? -1)
    expect(await codeFor({ topics: of(topic, 7) })).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect(await codeFor({ topics: of('AAAAAAAAAAAAAAAAAAAAVQ') })).toBe('UNKNOWN_TOPIC_ID')
    group.cluster.forbidden.add('Read Topic t')
    expect(await codeFor({ topics: of(topic) })).toBe('TOPIC_AUTHORIZATION_FAILED')
    group.cluster.forbidden.add('Read Group g')
    expect(await errorOf({})).toBe('GROUP_AUTHORIZATION_FAILED')
  })

  test('renews locks alone', async () => {
    group.produce(topic, 1)
    await group.take({ topics: of(topic) })
    const renewal = { shareSessionEpoch: 1, isRenewAck: true, topics: of(topic, 0, [0, 0, 4]) }
    expect(await errorOf(renewal)).toBe('INVALID_REQUEST')
    const nothing = { maxWaitMs: 0, minBytes: 0, maxBytes: 0, maxRecords: 0 }
    expect((await group.take({ ...renewal, ...nothing })).partition).toMatchObject({
      errorCode: 0,
      acknowledgeErrorCode: 0,
      acquiredRecords: [],
    })
  })

  test('is served in version 1, which knows neither', async () => {
    group.produce(topic, 1)
    expect((await group.take({ topics: of(topic) }, { version: 1 })).acquired).toEqual([[0, 0, 1]])
    const response = await group.acknowledge({ topics: of(topic, 0, [0, 0, 1]) }, { version: 1 })
    expect(response.responses[0]?.partitions[0]?.errorCode).toBe(0)
  })
})
