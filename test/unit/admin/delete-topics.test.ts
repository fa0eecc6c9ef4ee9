// Guards against deletions that hide a failure, or take another topic for the one that was meant.
import { Admin } from '../../../src/admin/admin'
import { deleteTopicsApi } from '../../../src/wire/generated/client/delete-topics'
import { zeroUuid } from '../../../src/wire/primitives/uuid'
import { FakeCluster } from './fake-cluster'

const topicId = 'BBBBBBBBBBBBBBBBBBBBBQ'

function setUp() {
  const cluster = new FakeCluster()
  return { cluster, admin: new Admin(cluster) }
}

describe('deleteTopics', () => {
  it('sends names and ids apart, and tells both of each topic', async () => {
    const { cluster, admin } = setUp()
    cluster.on(deleteTopicsApi, ({ request }) => ({
      throttleTimeMs: 0,
      responses: (request.topics ?? []).map(({ name, topicId: id }) =>
        name === null || name === undefined
          ? { name: 'by-id', topicId: id ?? '', errorCode: 0, errorMessage: null }
          : { name, topicId, errorCode: 0, errorMessage: null },
      ),
    }))
    expect(await admin.deleteTopics(['orders', { topicId: 'CCCCCCCCCCCCCCCCCCCCCQ' }])).toEqual([
      { name: 'orders', topicId },
      { name: 'by-id', topicId: 'CCCCCCCCCCCCCCCCCCCCCQ' },
    ])
    expect(cluster.sent).toHaveLength(2)
  })

  it('deletes the names on a broker that is too old for ids, and fails only the ids', async () => {
    const { cluster, admin } = setUp()
    cluster.maxVersions.set('DeleteTopics', 5)
    cluster.on(deleteTopicsApi, ({ request }) => ({
      throttleTimeMs: 0,
      responses: (request.topicNames ?? []).map((name) => ({
        name,
        topicId: zeroUuid,
        errorCode: 0,
        errorMessage: null,
      })),
    }))
    const results = await admin.deleteTopics(['orders', { topicId }], { partial: true })
    expect(results).toMatchObject([
      { name: 'orders', topicId: null, error: null },
      { name: null, topicId, error: { code: 'UNSUPPORTED_VERSION' } },
    ])
  })

  it('shows a topic that does not exist at once', async () => {
    const { cluster, admin } = setUp()
    cluster.on(deleteTopicsApi, () => ({
      throttleTimeMs: 0,
      responses: [
        { name: 'gone', topicId: zeroUuid, errorCode: 3, errorMessage: null },
        { name: 'good', topicId, errorCode: 0, errorMessage: null },
      ],
    }))
    await expect(admin.deleteTopics(['good', 'gone'])).rejects.toMatchObject({
      code: 'UNKNOWN_TOPIC_OR_PARTITION',
      results: [{ name: 'good', error: null }, { name: 'gone' }],
    })
    expect(cluster.sent).toEqual(['DeleteTopics@1'])
  })
})
