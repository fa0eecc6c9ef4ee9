// Guards against acknowledgements that are taken in a session that is not the member's.
import { ShareDriver, of } from '../groups/share/share-driver'
import { codeName } from '../support/group-fixture'

describe('ShareAcknowledge', () => {
  test('needs a session, and its next epoch', async () => {
    const group = new ShareDriver()
    const topic = await group.begin()
    group.produce(topic, 2)
    const errorOf = async (shareSessionEpoch: number) =>
      codeName((await group.acknowledge({ shareSessionEpoch })).errorCode)
    expect(await errorOf(1)).toBe('SHARE_SESSION_NOT_FOUND')
    await group.take({ topics: of(topic) })
    expect(await errorOf(0)).toBe('INVALID_SHARE_SESSION_EPOCH')
    expect(await errorOf(7)).toBe('INVALID_SHARE_SESSION_EPOCH')
    expect(await errorOf(1)).toBe('NONE')
    expect(await errorOf(-1)).toBe('NONE')
    expect(await errorOf(-1)).toBe('SHARE_SESSION_NOT_FOUND')
    expect((await group.take({ topics: of(topic), memberId: 'n' })).acquired).toEqual([[0, 1, 2]])
    group.cluster.close()
  })

  test('answers each partition on its own', async () => {
    const group = new ShareDriver()
    const topic = await group.begin()
    group.produce(topic, 1)
    await group.take({ topics: of(topic) })
    const topics = [
      ...of('AAAAAAAAAAAAAAAAAAAAVQ', 0, [0, 0, 1]),
      ...of(topic, 9, [0, 0, 1]),
      ...of(topic, 0, [0, 0, 1]),
    ]
    const response = await group.acknowledge({ topics })
    expect(response.acquisitionLockTimeoutMs).toBe(30_000)
    expect(
      response.responses.flatMap(({ partitions }) => partitions.map(({ errorCode }) => codeName(errorCode))),
    ).toEqual(['UNKNOWN_TOPIC_ID', 'UNKNOWN_TOPIC_OR_PARTITION', 'NONE'])
    group.cluster.close()
  })
})
