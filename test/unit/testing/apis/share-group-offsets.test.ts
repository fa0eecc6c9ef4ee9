// Guards against an admin who moves a group that reads, or sees another position than it has.
import { alterShareGroupOffsetsApi } from '../../../../src/wire/generated/client/alter-share-group-offsets'
import { deleteShareGroupOffsetsApi } from '../../../../src/wire/generated/client/delete-share-group-offsets'
import { describeShareGroupOffsetsApi } from '../../../../src/wire/generated/client/describe-share-group-offsets'
import type { Topic } from '../../../../src/testing/contracts/topics'
import { ShareDriver, of } from '../groups/share/share-driver'
import { codeName } from '../support/group-fixture'

describe('the offsets of a share group', () => {
  let group: ShareDriver
  let topic: Topic

  beforeEach(async () => {
    group = new ShareDriver()
    topic = await group.begin()
    group.produce(topic, 4)
  })

  afterEach(() => group.cluster.close())

  async function offsets(topics: { topicName: string; partitions: number[] }[] | null = null, version = 1) {
    const request = { groups: [{ groupId: 'g', topics }] }
    const { groups } = await group.cluster.ask(describeShareGroupOffsetsApi, version, request)
    return groups[0]?.topics.flatMap(({ topicName, partitions }) =>
      partitions.map((one) => [topicName, one.partitionIndex, one.startOffset, one.lag]),
    )
  }

  const alter = (groupId: string, ...topics: [string, number, bigint][]) =>
    group.cluster.ask(alterShareGroupOffsetsApi, 0, {
      groupId,
      topics: topics.map(([topicName, partitionIndex, startOffset]) => {
        return { topicName, partitions: [{ partitionIndex, startOffset }] }
      }),
    })

  const forget = (groupId: string, ...topics: string[]) =>
    group.cluster.ask(deleteShareGroupOffsetsApi, 0, {
      groupId,
      topics: topics.map((topicName) => ({ topicName })),
    })

  test('are told once something was stored, with the lag since version 1', async () => {
    expect(await offsets()).toEqual([['t', 0, -1n, -1n]])
    await group.take({ topics: of(topic) })
    await group.acknowledge({ topics: of(topic, 0, [0, 0, 1], [2, 2, 3]) })
    expect(await offsets()).toEqual([['t', 0, 0n, 2n]])
    expect(
      await offsets(
        [
          { topicName: 't', partitions: [0, 7] },
          { topicName: 'x', partitions: [0] },
        ],
        0,
      ),
    ).toEqual([
      ['t', 0, 0n, -1n],
      ['t', 7, -1n, -1n],
      ['x', 0, -1n, -1n],
    ])
  })

  test('are changed while nobody reads', async () => {
    const early = await alter('g', ['t', 0, 2n])
    expect([codeName(early.errorCode), early.errorMessage]).toEqual([
      'NON_EMPTY_GROUP',
      'The group is not empty.',
    ])
    await group.heartbeat({ memberEpoch: -1 })
    const changed = await alter('g', ['t', 0, 2n], ['t', 8, 2n], ['x', 0, 1n])
    expect(
      changed.responses.flatMap(({ partitions }) => partitions.map(({ errorCode }) => codeName(errorCode))),
    ).toEqual(['NONE', 'UNKNOWN_TOPIC_OR_PARTITION', 'UNKNOWN_TOPIC_OR_PARTITION'])
    expect(await offsets()).toEqual([['t', 0, 2n, 2n]])
    expect((await group.take({ topics: of(topic) })).acquired).toEqual([[2, 3, 1]])
  })

  test('make a group that is not there', async () => {
    expect((await alter('new', ['t', 0, 1n])).errorCode).toBe(0)
    expect(group.cluster.services.groups.get('new')).toMatchObject({ kind: 'share', state: 'Empty' })
  })

  test('are forgotten while nobody reads, and with their topic', async () => {
    expect(codeName((await forget('g', 't')).errorCode)).toBe('NON_EMPTY_GROUP')
    expect(codeName((await forget('x', 't')).errorCode)).toBe('GROUP_ID_NOT_FOUND')
    await group.heartbeat({ memberEpoch: -1 })
    const gone = await forget('g', 't', 'x')
    expect(gone.responses.map(({ errorCode }) => codeName(errorCode))).toEqual([
      'NONE',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ])
    expect(await offsets()).toEqual([])
    await alter('g', ['t', 0, 1n])
    group.cluster.services.topics.delete('t')
    expect(await offsets()).toEqual([])
  })
})
