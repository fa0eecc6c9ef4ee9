// Guards against a commit that overwrites the position of another owner, or gets lost in a rebalance.
import { ErrorCode } from '../../../../src/base/error-codes'
import type { GroupMembershipOptions } from '../../../../src/consumer/group/group-membership'
import type { OffsetCommitRequest } from '../../../../src/wire/generated/client/offset-commit'
import { settle } from '../../support/fake-clock'
import { committedWith, offsetOf, joined, synced, setUp, cooperative, coop } from './membership-setup'

describe('committing', () => {
  const inGroup = async (change: Partial<GroupMembershipOptions> = {}) => {
    const all = setUp(change)
    all.cluster
      .once('JoinGroup', () => (change.assignors ? coop(1) : joined(1)))
      .once('SyncGroup', () => synced(0, 1))
    all.membership.start({ topics: ['orders'], pattern: null })
    await settle()
    return all
  }

  it('C14 G9: stamps the generation and retries what may pass', async () => {
    const { cluster, membership, deadline, close } = await inGroup()
    cluster.once('OffsetCommit', committedWith(ErrorCode.COORDINATOR_LOAD_IN_PROGRESS))
    cluster.once('OffsetCommit', committedWith(ErrorCode.NOT_COORDINATOR))
    const commit = membership.commit([offsetOf(0), offsetOf(1)], deadline())
    await cluster.clock.advance(1_000)
    await commit
    const requests = cluster.requests('OffsetCommit') as OffsetCommitRequest[]
    expect(requests).toHaveLength(3)
    expect(requests[2]).toMatchObject({ generationIdOrMemberEpoch: 1, memberId: 'me' })
    expect(cluster.coordinatorLookups).toBe(2)
    await close()
  })

  it.each([
    ['ILLEGAL_GENERATION', 'COMMIT_FAILED', 'lost orders-0 orders-1'],
    ['UNKNOWN_MEMBER_ID', 'COMMIT_FAILED', 'lost orders-0 orders-1'],
    ['FENCED_INSTANCE_ID', 'COMMIT_FAILED', 'lost orders-0 orders-1'],
    ['OFFSET_METADATA_TOO_LARGE', 'OFFSET_METADATA_TOO_LARGE', undefined],
    ['TOPIC_AUTHORIZATION_FAILED', 'TOPIC_AUTHORIZATION_FAILED', undefined],
    ['GROUP_AUTHORIZATION_FAILED', 'GROUP_AUTHORIZATION_FAILED', undefined],
  ] as const)('G9: answers %s with %s', async (answered, code, event) => {
    const { cluster, listener, membership, deadline, close } = await inGroup()
    cluster.once('OffsetCommit', committedWith(ErrorCode[answered]))
    await expect(membership.commit([offsetOf(0)], deadline())).rejects.toMatchObject({ code })
    await settle()
    expect(listener.events[1]).toBe(event)
    await close()
  })

  it('K2: is serial, and waits for one that its caller gave up', async () => {
    const { cluster, membership, deadline, close } = await inGroup()
    let answer: () => void = () => {}
    cluster.once(
      'OffsetCommit',
      (request: OffsetCommitRequest) =>
        new Promise((resolve) => (answer = () => resolve(committedWith(ErrorCode.NONE)(request)))),
    )
    const first = membership.commit([offsetOf(0, 5n)], deadline(1_000))
    const givenUp = expect(first).rejects.toMatchObject({ code: 'COMMIT_TIMEOUT', maybeWritten: true })
    const second = membership.commit([offsetOf(0, 9n)], deadline(5_000))
    await cluster.clock.advance(1_000)
    await givenUp
    expect(cluster.requests('OffsetCommit')).toHaveLength(1)
    answer()
    await second
    const offsets = (cluster.requests('OffsetCommit') as OffsetCommitRequest[]).map(
      (request) => request.topics[0]?.partitions[0]?.committedOffset,
    )
    expect(offsets).toEqual([5n, 9n])
    await close()
  })

  it('G9 G10: refuses a partition that is not owned without asking the broker, and stores the others', async () => {
    const { cluster, membership, deadline, close } = await inGroup()
    const commit = membership.commit([offsetOf(3), offsetOf(0)], deadline())
    await expect(commit).rejects.toMatchObject({ code: 'COMMIT_FAILED', context: { partition: 3 } })
    const [request] = cluster.requests('OffsetCommit') as OffsetCommitRequest[]
    expect(request?.topics[0]?.partitions.map(({ partitionIndex }) => partitionIndex)).toEqual([0])
    await close()
  })

  it('G8: works inside the revoked callback, before the member joins again', async () => {
    const { cluster, listener, membership, join, deadline, close } = await inGroup()
    listener.during.onRevoked = () => membership.commit([offsetOf(0)], deadline())
    join(2, 2)
    membership.enforceRebalance('test')
    await settle()
    expect(listener.errors).toEqual([])
    const order = cluster.sent.map(({ api }) => api)
    expect(order.indexOf('OffsetCommit')).toBeLessThan(order.lastIndexOf('JoinGroup'))
    await close()
  })

  it('K2 G9: goes on under the old generation while JoinGroup waits, which the coordinator takes', async () => {
    const { cluster, membership, deadline, close } = await inGroup(cooperative)
    let answer: (response: unknown) => void = () => {}
    cluster.once('JoinGroup', () => new Promise((resolve) => (answer = resolve)))
    cluster.once('SyncGroup', () => synced(0, 1, 2))
    membership.enforceRebalance('test')
    await settle()
    await membership.commit([offsetOf(0)], deadline())
    expect((cluster.requests('OffsetCommit') as OffsetCommitRequest[])[0]?.generationIdOrMemberEpoch).toBe(1)
    answer(coop(2))
    await close()
  })

  it('K2 G9: waits for a join under way and then stamps the new generation, when the old one is refused and the partition was kept', async () => {
    const { cluster, listener, membership, deadline, close } = await inGroup(cooperative)
    let answer: (response: unknown) => void = () => {}
    cluster.once('JoinGroup', () => new Promise((resolve) => (answer = resolve)))
    cluster.once('SyncGroup', () => synced(0, 1, 2))
    cluster.once('OffsetCommit', committedWith(ErrorCode.ILLEGAL_GENERATION))
    membership.enforceRebalance('test')
    await settle()
    const commit = membership.commit([offsetOf(0)], deadline())
    await cluster.clock.advance(1_000)
    expect(cluster.requests('OffsetCommit')).toHaveLength(1)
    answer(coop(2))
    await settle()
    await commit
    const generations = (cluster.requests('OffsetCommit') as OffsetCommitRequest[]).map(
      ({ generationIdOrMemberEpoch }) => generationIdOrMemberEpoch,
    )
    expect(generations).toEqual([1, 2])
    expect(listener.events).toEqual(['assigned orders-0 orders-1', 'assigned orders-2'])
    await close()
  })

  it('G10 L14: never writes a position of an ownership that has ended, even if the partition came back', async () => {
    const { cluster, membership, join, deadline, close } = await inGroup()
    cluster.once('OffsetCommit', committedWith(ErrorCode.REBALANCE_IN_PROGRESS))
    join(2, 0, 1)
    const commit = membership.commit([offsetOf(0)], deadline())
    const refused = expect(commit).rejects.toMatchObject({ code: 'COMMIT_FAILED' })
    await cluster.clock.advance(1_000)
    await refused
    expect(membership.metadata.generationId).toBe(2)
    expect(cluster.requests('OffsetCommit')).toHaveLength(1)
    await close()
  })
})
