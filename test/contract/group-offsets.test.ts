// Guards against a broker that keeps, shows or forgets committed offsets by other rules than Kafka's: then messages are
// lost or come twice in production only.
import { offsetCommitApi, type OffsetCommitRequest } from '../../src/wire/generated/client/offset-commit'
import { offsetDeleteApi } from '../../src/wire/generated/client/offset-delete'
import { offsetFetchApi } from '../../src/wire/generated/client/offset-fetch'
import { code, describeEachBroker } from './support/describe-each-broker'
import { newGroup, stableMember, subscription } from './support/groups'
import { createTopic, named, only, type TestTopic } from './support/log'

describeEachBroker('committed offsets', {}, (broker) => {
  let group: string
  let topic: TestTopic
  beforeEach(async () => {
    group = await newGroup(broker)
    topic = await createTopic(broker, { partitions: 2 })
  })

  const commit = async (
    offset: bigint,
    {
      version = 7,
      partition = 0,
      metadata = '' as string | null,
      to = topic,
      ...more
    }: {
      version?: number
      partition?: number
      metadata?: string | null
      to?: TestTopic
    } & Partial<OffsetCommitRequest> = {},
  ): Promise<string> => {
    const { topics } = await broker.raw(offsetCommitApi, version, {
      groupId: group,
      memberId: '',
      generationIdOrMemberEpoch: -1,
      topics: [
        {
          ...named(to, version, 10),
          partitions: [{ partitionIndex: partition, committedOffset: offset, committedMetadata: metadata }],
        },
      ],
      ...more,
    })
    return code(only(only(topics).partitions).errorCode)
  }
  const committed = async (partition = 0, name = topic.name): Promise<[bigint, string | null, string]> => {
    const { topics, errorCode } = await broker.raw(offsetFetchApi, 7, {
      groupId: group,
      topics: [{ name, partitionIndexes: [partition] }],
    })
    expect(errorCode).toBe(0)
    const found = only(only(topics).partitions)
    return [found.committedOffset, found.metadata, code(found.errorCode)]
  }

  it.each(broker.pick({ '3.7': [2, 5, 6, 8], '4.3': [2, 5, 6, 8, 9, 10] }))(
    'are kept for a group without members with version %i',
    async (version) => {
      expect(await commit(42n, { version, metadata: 'note' })).toBe('NONE')
      expect(await committed()).toEqual([42n, 'note', 'NONE'])
      expect(await committed(1)).toEqual([-1n, '', 'NONE'])
    },
  )

  it('show the leader epoch they were committed with', async () => {
    const partitions = [
      { partitionIndex: 0, committedOffset: 5n, committedLeaderEpoch: 3, committedMetadata: null },
    ]
    const topics = [{ name: topic.name, partitions }]
    await broker.raw(offsetCommitApi, 7, { groupId: group, memberId: '', topics })
    const asked = [{ name: topic.name, partitionIndexes: [0] }]
    const answer = await broker.raw(offsetFetchApi, 5, { groupId: group, topics: asked })
    expect(only(only(answer.topics).partitions)).toMatchObject({ committedLeaderEpoch: 3, metadata: '' })
  })

  it.each(broker.pick({ '3.7': [1, 3, 6, 7, 8, 9], '4.3': [1, 3, 6, 7, 8, 9, 10] }))(
    'are read with OffsetFetch version %i',
    async (version) => {
      await commit(7n)
      const asked = { ...named(topic, version, 10), partitionIndexes: [0, 1] }
      const request =
        version < 8
          ? { groupId: group, topics: [{ name: topic.name, partitionIndexes: [0, 1] }] }
          : { groups: [{ groupId: group, topics: [asked] }] }
      const answer = await broker.raw(offsetFetchApi, version, request)
      const topics = version < 8 ? answer.topics : only(answer.groups).topics
      const partitions = [
        ...only<{ partitions: readonly { partitionIndex: number; committedOffset: bigint }[] }>(topics)
          .partitions,
      ]
      partitions.sort((a, b) => a.partitionIndex - b.partitionIndex)
      expect(partitions).toMatchObject([
        { partitionIndex: 0, committedOffset: 7n, metadata: '', errorCode: 0 },
        { partitionIndex: 1, committedOffset: -1n, metadata: '', errorCode: 0 },
      ])
    },
  )

  it('are all shown for null, of many groups from version 8 on', async () => {
    await commit(7n)
    const all = await broker.raw(offsetFetchApi, 7, { groupId: group, topics: null })
    expect(only(only(all.topics).partitions)).toMatchObject({ partitionIndex: 0, committedOffset: 7n })
    const { groups } = await broker.raw(offsetFetchApi, 8, {
      groups: [
        { groupId: group, topics: null },
        { groupId: 'no-such-group', topics: null },
      ],
    })
    const found = new Map(groups.map((one) => [one.groupId, one]))
    expect(only(found.get(group)?.topics).name).toBe(topic.name)
    expect(found.get('no-such-group')).toMatchObject({ errorCode: 0, topics: [] })
  })

  it('are refused for topics and partitions that are not there', async () => {
    const unknown = { name: 'no-such-topic', id: 'AAAAAAAAAAAAAAAAAAAAAQ' }
    expect(await commit(1n, { to: unknown })).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    expect(await commit(1n, { partition: 7 })).toBe('UNKNOWN_TOPIC_OR_PARTITION')
    if (broker.version === '4.3')
      expect(await commit(1n, { to: unknown, version: 10 })).toBe('UNKNOWN_TOPIC_ID')
    expect(await committed(0, 'no-such-topic')).toEqual([-1n, '', 'NONE'])
  })

  it('are refused with metadata of more than 4096 bytes', async () => {
    expect(await commit(1n, { metadata: 'x'.repeat(4_096) })).toBe('NONE')
    expect(await commit(2n, { metadata: 'x'.repeat(4_097) })).toBe('OFFSET_METADATA_TOO_LARGE')
    expect((await committed())[0]).toBe(1n)
  })

  it('are refused for members and generations that the group does not have', async () => {
    const member = await stableMember(broker, group)
    const { memberId, generation } = member
    const own = { memberId, generationIdOrMemberEpoch: generation }
    expect(await commit(1n, own)).toBe('NONE')
    expect(await commit(2n)).toBe('UNKNOWN_MEMBER_ID')
    expect(await commit(2n, { ...own, memberId: 'somebody' })).toBe('UNKNOWN_MEMBER_ID')
    expect(await commit(2n, { ...own, generationIdOrMemberEpoch: 9 })).toBe('ILLEGAL_GENERATION')
    expect(await commit(2n, { ...own, groupInstanceId: 'nobody' })).toBe('UNKNOWN_MEMBER_ID')
    expect((await committed())[0]).toBe(1n)
    await member.leave()
    expect(await commit(3n, own)).toBe('UNKNOWN_MEMBER_ID')
    expect(await commit(3n)).toBe('NONE')
  })

  it('are refused for a generation in a group that never had members', async () => {
    expect(await commit(1n, { memberId: 'm', generationIdOrMemberEpoch: 4 })).toBe('ILLEGAL_GENERATION')
    expect(await commit(1n, { groupId: '' })).toBe('NONE')
  })

  it('can be deleted where nobody reads', async () => {
    await commit(1n)
    const remove = async (groupId: string, name: string, partitionIndex = 0): Promise<[string, string[]]> => {
      const topics = [{ name, partitions: [{ partitionIndex }] }]
      const answer = await broker.raw(offsetDeleteApi, 0, { groupId, topics })
      const codes = answer.topics.flatMap(({ partitions }) => partitions.map((one) => code(one.errorCode)))
      return [code(answer.errorCode), codes]
    }
    expect(await remove(group, 'no-such-topic')).toEqual(['NONE', ['UNKNOWN_TOPIC_OR_PARTITION']])
    expect(await remove(group, topic.name, 1)).toEqual(['NONE', ['NONE']])
    expect(await remove(group, topic.name)).toEqual(['NONE', ['NONE']])
    expect((await committed())[0]).toBe(-1n)
    expect((await remove('no-such-group', topic.name))[0]).toBe('GROUP_ID_NOT_FOUND')
  })

  it('cannot be deleted for a topic that a member subscribes to', async () => {
    const metadata = subscription([topic.name])
    const { memberId, generation } = await stableMember(broker, group, {
      protocols: [{ name: 'range', metadata }],
    })
    await commit(1n, { memberId, generationIdOrMemberEpoch: generation })
    const topics = [{ name: topic.name, partitions: [{ partitionIndex: 0 }] }]
    const answer = await broker.raw(offsetDeleteApi, 0, { groupId: group, topics })
    expect(code(only(only(answer.topics).partitions).errorCode)).toBe('GROUP_SUBSCRIBED_TO_TOPIC')
    expect((await committed())[0]).toBe(1n)
  })
})
