// Guards against share groups (KIP-932) that deliver, lock, count or release records otherwise than Kafka's.
import { setTimeout as delay } from 'node:timers/promises'
import { findCoordinatorApi } from '../../src/wire/generated/client/find-coordinator'
import { incrementalAlterConfigsApi } from '../../src/wire/generated/client/incremental-alter-configs'
import { shareAcknowledgeApi } from '../../src/wire/generated/client/share-acknowledge'
import {
  shareFetchApi,
  type ShareFetchResponse,
  type ShareFetchResponsePartitionData,
} from '../../src/wire/generated/client/share-fetch'
import { shareGroupDescribeApi } from '../../src/wire/generated/client/share-group-describe'
import {
  shareGroupHeartbeatApi,
  type ShareGroupHeartbeatRequest,
  type ShareGroupHeartbeatResponse,
} from '../../src/wire/generated/client/share-group-heartbeat'
import { listGroupsApi } from '../../src/wire/generated/client/list-groups'
import { code, describeEachBroker } from './support/describe-each-broker'
import { newGroup } from './support/groups'
import { batch, createTopic, only, produce, valuesIn, type TestTopic } from './support/log'
import type { RawClient } from './support/raw-client'

const acknowledge = { gap: 0, accept: 1, release: 2, reject: 3 }
let members = 0

describeEachBroker('a share group', { releases: ['4.3'] }, (broker) => {
  let group: string
  let topic: TestTopic
  beforeEach(async () => {
    group = await newGroup(broker)
    topic = await createTopic(broker)
    const configs = [{ name: 'share.auto.offset.reset', configOperation: 0, value: 'earliest' }]
    const resources = [{ resourceType: 32, resourceName: group, configs }]
    const { responses } = await broker.raw(incrementalAlterConfigsApi, 1, { resources, validateOnly: false })
    expect(code(only(responses).errorCode)).toBe('NONE')
  })

  const newId = (): string => `AAAAAAAAAAAAAAAAAABB${String(++members).padStart(2, 'A')}`
  const beat = (
    memberId: string,
    memberEpoch: number,
    more: Partial<ShareGroupHeartbeatRequest> = {},
  ): Promise<ShareGroupHeartbeatResponse> =>
    broker.raw(shareGroupHeartbeatApi, 1, { groupId: group, memberId, memberEpoch, ...more })

  /** A member with its share session on a connection of its own. */
  class Member {
    readonly id = newId()
    epoch = 0
    sessionEpoch = 0
    client!: RawClient

    async join(): Promise<this> {
      this.client = await broker.connect()
      let answer = await beat(this.id, 0, { subscribedTopicNames: [topic.name] })
      expect([code(answer.errorCode), answer.memberId]).toEqual(['NONE', this.id])
      // The partitions come once their state was initialized.
      while (answer.assignment === null || answer.assignment.topicPartitions.length === 0) {
        await delay(20)
        answer = await beat(this.id, answer.memberEpoch)
        expect(code(answer.errorCode)).toBe('NONE')
      }
      expect(answer.assignment.topicPartitions).toEqual([{ topicId: topic.id, partitions: [0] }])
      this.epoch = answer.memberEpoch
      return this
    }

    async ask(maxWaitMs = 0, acknowledgementBatches: Acknowledgement[] = []): Promise<ShareFetchResponse> {
      const partitions = [{ partitionIndex: 0, acknowledgementBatches }]
      const answer = await this.client.ask(shareFetchApi, 1, {
        groupId: group,
        memberId: this.id,
        shareSessionEpoch: this.sessionEpoch,
        maxWaitMs,
        minBytes: 1,
        maxBytes: 1 << 20,
        maxRecords: 500,
        batchSize: 500,
        topics:
          this.sessionEpoch === 0 || acknowledgementBatches.length > 0
            ? [{ topicId: topic.id, partitions }]
            : [],
        forgottenTopicsData: [],
      })
      if (answer.errorCode === 0) this.sessionEpoch++
      return answer
    }

    /** Fetches until records come. */
    async records(acknowledgements: Acknowledgement[] = []): Promise<ShareFetchResponsePartitionData> {
      let answer = await this.ask(500, acknowledgements)
      for (;;) {
        expect(code(answer.errorCode)).toBe('NONE')
        const partition = answer.responses[0]?.partitions[0]
        if (partition !== undefined && partition.acquiredRecords.length > 0) return partition
        answer = await this.ask(500)
      }
    }

    async acknowledge(acknowledgementBatches: Acknowledgement[]): Promise<string[]> {
      const answer = await this.client.ask(shareAcknowledgeApi, 1, {
        groupId: group,
        memberId: this.id,
        shareSessionEpoch: this.sessionEpoch,
        topics: [{ topicId: topic.id, partitions: [{ partitionIndex: 0, acknowledgementBatches }] }],
      })
      if (answer.errorCode === 0) this.sessionEpoch++
      return [code(answer.errorCode), code(answer.responses[0]?.partitions[0]?.errorCode)]
    }
  }

  it('delivers to its members, counts deliveries, and goes on after what was accepted', async () => {
    for (const value of ['a', 'b', 'c']) await produce(broker, topic, batch({ values: [value] }))
    const first = await new Member().join()
    const got = await first.records()
    expect(valuesIn(got.records)).toEqual(['a', 'b', 'c'])
    expect(spans(got)).toEqual([[0n, 2n, 1]])
    const done = { firstOffset: 0n, lastOffset: 0n, acknowledgeTypes: [acknowledge.accept] }
    const back = { firstOffset: 1n, lastOffset: 1n, acknowledgeTypes: [acknowledge.release] }
    const bad = { firstOffset: 2n, lastOffset: 2n, acknowledgeTypes: [acknowledge.reject] }
    expect(await first.acknowledge([done, back, bad])).toEqual(['NONE', 'NONE'])
    const again = await first.records()
    expect(spans(again)).toEqual([[1n, 1n, 2]])
    expect(await first.acknowledge([{ ...back, acknowledgeTypes: [acknowledge.accept] }])).toEqual([
      'NONE',
      'NONE',
    ])
    // What lies before the start of the group's window is passed over.
    expect(await first.acknowledge([{ ...back, acknowledgeTypes: [acknowledge.accept] }])).toEqual([
      'NONE',
      'NONE',
    ])
  })

  it('tells a member that joined, and one that says all again, what it is to read; a short word is told nothing', async () => {
    const member = await new Member().join()
    const assigned = { topicPartitions: [{ topicId: topic.id, partitions: [0] }] }
    const names = { subscribedTopicNames: [topic.name] }
    expect((await beat(member.id, member.epoch)).assignment).toBeNull()
    expect((await beat(member.id, member.epoch, names)).assignment).toMatchObject(assigned)
    expect((await beat(member.id, 0, names)).assignment).toMatchObject(assigned)
  })

  it('gives what a member has in hand to another one when it leaves', async () => {
    await produce(broker, topic, batch({ values: ['a', 'b'] }))
    const [first, second] = [await new Member().join(), await new Member().join()]
    expect(spans(await first.records())).toEqual([[0n, 1n, 1]])
    expect(
      (await second.ask(50)).responses.flatMap(({ partitions }) =>
        partitions.flatMap((one) => one.acquiredRecords),
      ),
    ).toEqual([])
    first.sessionEpoch = -1
    expect(code((await first.ask()).errorCode)).toBe('NONE')
    expect(spans(await second.records())).toEqual([[0n, 1n, 2]])
  })

  it('takes acknowledgements with the next fetch', async () => {
    for (const value of ['a', 'b']) await produce(broker, topic, batch({ values: [value] }))
    const member = await new Member().join()
    const got = await member.records()
    expect(valuesIn(got.records)).toEqual(['a', 'b'])
    await produce(broker, topic, batch({ values: ['c'] }))
    const next = await member.records([
      { firstOffset: 0n, lastOffset: 1n, acknowledgeTypes: [acknowledge.accept] },
    ])
    expect(spans(next)).toEqual([[2n, 2n, 1]])
    expect(code(next.acknowledgeErrorCode)).toBe('NONE')
  })

  it.each([
    ['a session that was not begun', 5, 'SHARE_SESSION_NOT_FOUND'],
    ['an acknowledgement with the first fetch', 0, 'INVALID_REQUEST'],
  ])('refuses %s', async (_, sessionEpoch, expected) => {
    const member = await new Member().join()
    member.sessionEpoch = sessionEpoch
    const acknowledgement = { firstOffset: 0n, lastOffset: 0n, acknowledgeTypes: [acknowledge.accept] }
    expect(code((await member.ask(0, [acknowledgement])).errorCode)).toBe(expected)
  })

  it('refuses a wrong epoch of a session', async () => {
    const member = await new Member().join()
    await member.ask()
    member.sessionEpoch = 7
    expect(code((await member.ask()).errorCode)).toBe('INVALID_SHARE_SESSION_EPOCH')
  })

  const refused: [string, string, number, Partial<ShareGroupHeartbeatRequest>, string, RegExp][] = [
    ['an empty group id', 'm', 0, { groupId: '' }, 'INVALID_REQUEST', /GroupId can't be empty/],
    ['no member id', '', 0, {}, 'INVALID_REQUEST', /^$/],
    [
      'no subscription',
      'm',
      0,
      { subscribedTopicNames: null },
      'INVALID_REQUEST',
      /SubscribedTopicNames must be set in first request/,
    ],
    ['an epoch below -1', 'm', -2, {}, 'INVALID_REQUEST', /MemberEpoch is invalid/],
    [
      'a member it does not have',
      'nobody',
      4,
      {},
      'UNKNOWN_MEMBER_ID',
      /Member nobody is not a member of group/,
    ],
  ]
  it.each(refused)('refuses %s', async (_, memberId, memberEpoch, more, expected, message) => {
    await beat(newId(), 0, { subscribedTopicNames: [topic.name] })
    const answer = await beat(memberId, memberEpoch, { subscribedTopicNames: [topic.name], ...more })
    expect(code(answer.errorCode)).toBe(expected)
    expect(answer.errorMessage ?? '').toMatch(message)
  })

  it('is described and listed', async () => {
    const { id } = await new Member().join()
    const ask = { groupIds: [group, 'no-such-group'], includeAuthorizedOperations: false }
    const answered = (await broker.raw(shareGroupDescribeApi, 1, ask)).groups
    const [described, missing] = ask.groupIds.map((groupId) =>
      answered.find((one) => one.groupId === groupId),
    )
    expect(described).toMatchObject({ errorCode: 0, groupState: 'Stable', assignorName: 'simple' })
    expect(only(described?.members)).toMatchObject({
      memberId: id,
      subscribedTopicNames: [topic.name],
      assignment: { topicPartitions: [{ topicId: topic.id, topicName: topic.name, partitions: [0] }] },
    })
    expect(code(missing?.errorCode)).toBe('GROUP_ID_NOT_FOUND')
    const { groups } = await broker.raw(listGroupsApi, 5, { statesFilter: [], typesFilter: ['share'] })
    expect(groups.find(({ groupId }) => groupId === group)).toMatchObject({
      protocolType: 'share',
      groupType: 'share',
    })
  })

  it('has a coordinator for the state of each partition', async () => {
    await new Member().join()
    const ask = async (key: string): Promise<string> => {
      const { coordinators } = await broker.raw(findCoordinatorApi, 6, { keyType: 2, coordinatorKeys: [key] })
      return code(only(coordinators).errorCode)
    }
    expect(await ask(`${group}:${topic.id}:0`)).toBe('NONE')
    expect(await ask('not-a-key')).toBe('INVALID_REQUEST')
  })
})

type Acknowledgement = { firstOffset: bigint; lastOffset: bigint; acknowledgeTypes: number[] }

/** First offset, last offset and delivery count of what was acquired. */
function spans({ acquiredRecords }: ShareFetchResponsePartitionData): [bigint, bigint, number][] {
  return acquiredRecords.map((one) => [one.firstOffset, one.lastOffset, one.deliveryCount])
}
