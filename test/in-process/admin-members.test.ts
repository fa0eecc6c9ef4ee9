// Guards against members that stay in a group they were taken out of, and offsets that are deleted under a reader.
import { AdminError, InvalidArgumentError } from '../../src'
import { openAdminCluster, type AdminCluster } from './support/admin-cluster'
import { errorOf, until } from './support/case-runner'

/** Consumers of group `billing` that have joined. */
async function join(
  test: AdminCluster,
  instances: readonly (string | undefined)[],
  protocol: 'classic' | 'consumer',
) {
  const consumers = instances.map((groupInstanceId) =>
    test.kafka.consumer({ groupId: 'billing', topics: ['orders'], groupInstanceId, groupProtocol: protocol }),
  )
  const runs = consumers.map((consumer) => consumer.run(() => {}))
  await until(() => {
    const group = test.cluster.group('billing')
    const isSettled = group?.state === 'Stable' || protocol === 'consumer'
    return isSettled && group?.members.length === instances.length
  }, 'the members to have joined')
  return {
    [Symbol.asyncDispose]: async () => {
      await Promise.all(consumers.map((consumer) => consumer.close()))
      await Promise.allSettled(runs)
    },
  }
}

const namesOf = (test: AdminCluster) =>
  (test.cluster.group('billing')?.members ?? []).map(({ groupInstanceId }) => groupInstanceId ?? null)

describe('removeMembersFromGroup', () => {
  it('takes static members out by instance id, others by member id, each that fails by itself', async () => {
    await using test = await openAdminCluster()
    await using _members = await join(test, ['a', undefined], 'classic')
    const [group] = await test.admin.describeGroups(['billing'])
    const dynamic = group?.members.find(({ groupInstanceId }) => groupInstanceId === null)?.memberId ?? ''
    const members = [
      { groupInstanceId: 'a' },
      { groupInstanceId: 'z' },
      { memberId: 'nobody' },
      { memberId: dynamic },
    ]
    const error = await errorOf(test.admin.removeMembersFromGroup('billing', members, { reason: 'moved' }))
    if (!(error instanceof AdminError)) throw error
    expect(error.results).toMatchObject([
      { memberId: '', groupInstanceId: 'a', error: null },
      { memberId: '', groupInstanceId: 'z', error: { code: 'UNKNOWN_MEMBER_ID' } },
      { memberId: 'nobody', groupInstanceId: null, error: { code: 'UNKNOWN_MEMBER_ID' } },
      { memberId: dynamic, groupInstanceId: null, error: null },
    ])
    expect(error.message).toContain("instance 'z'")
    expect(test.cluster.requests.filter({ api: 'LeaveGroup' })[0]?.request.members[0]?.reason).toBe('moved')
  })

  it.each(['classic', 'consumer'] as const)('takes out all members of a group (%s)', async (protocol) => {
    await using test = await openAdminCluster()
    await using _members = await join(test, ['a', 'b'], protocol)
    const removed = await test.admin.removeMembersFromGroup('billing', 'all')
    expect(removed.map(({ groupInstanceId }) => groupInstanceId).sort()).toEqual(['a', 'b'])
  })

  it('of a group that is not there fails, and of one without members has nothing to do', async () => {
    await using test = await openAdminCluster()
    expect(await errorOf(test.admin.removeMembersFromGroup('billing', 'all'))).toMatchObject({
      code: 'GROUP_ID_NOT_FOUND',
    })
    await test.admin.alterGroupOffsets([{ groupId: 'billing', topic: 'orders', partition: 0, offset: 0n }])
    expect(await test.admin.removeMembersFromGroup('billing', 'all')).toEqual([])
    expect(namesOf(test)).toEqual([])
    expect(test.count('LeaveGroup')).toBe(0)
  })

  it('is not sent to brokers that know one member a request only', async () => {
    await using test = await openAdminCluster()
    test.cluster.limitVersions('LeaveGroup', { max: 2 })
    expect(await errorOf(test.admin.removeMembersFromGroup('billing', [{ memberId: 'x' }]))).toMatchObject({
      code: 'UNSUPPORTED_VERSION',
    })
  })

  it('with wrong arguments is refused before anything is sent', async () => {
    await using test = await openAdminCluster()
    const wrong = [{ memberId: '' }, { groupInstanceId: 'a', memberId: 'b' }, {}] as { memberId: string }[]
    expect(await errorOf(test.admin.removeMembersFromGroup('billing', wrong))).toMatchObject({
      message: expect.stringMatching(/members\[0\].*members\[1\].*members\[2\]/s) as string,
    })
    expect(await errorOf(test.admin.removeMembersFromGroup('', 'all'))).toBeInstanceOf(InvalidArgumentError)
    expect(test.count('LeaveGroup') + test.count('DescribeGroups')).toBe(0)
  })
})

describe('deleteGroupOffsets', () => {
  it('deletes offsets of several groups, each that fails by itself', async () => {
    await using test = await openAdminCluster()
    const offset = { topic: 'orders', offset: 5n }
    await test.admin.alterGroupOffsets([
      { ...offset, groupId: 'billing', partition: 0 },
      { ...offset, groupId: 'billing', partition: 1 },
      { ...offset, groupId: 'audit', partition: 0 },
    ])
    const results = await test.admin.deleteGroupOffsets(
      [
        { groupId: 'billing', topic: 'orders', partition: 0 },
        { groupId: 'nobody', topic: 'orders', partition: 0 },
        { groupId: 'audit', topic: 'orders', partition: 0 },
        { groupId: 'billing', topic: 'gone', partition: 0 },
      ],
      { partial: true },
    )
    expect(results).toMatchObject([
      { groupId: 'billing', partition: 0, error: null },
      { groupId: 'nobody', error: { code: 'GROUP_ID_NOT_FOUND' } },
      { groupId: 'audit', error: null },
      { groupId: 'billing', topic: 'gone', error: { code: 'UNKNOWN_TOPIC_OR_PARTITION' } },
    ])
    const [billing] = await test.admin.listGroupOffsets([{ groupId: 'billing' }])
    expect(billing?.offsets.map(({ partition }) => partition)).toEqual([1])
  })

  it('leaves offsets that members go on from, and says what to do', async () => {
    await using test = await openAdminCluster()
    await using _members = await join(test, [undefined], 'classic')
    const refused = test.admin.deleteGroupOffsets([{ groupId: 'billing', topic: 'orders', partition: 0 }])
    const error = await errorOf(refused)
    expect(error).toMatchObject({ code: 'GROUP_SUBSCRIBED_TO_TOPIC' })
    expect((error as Error).message).toContain('stop them first')
  })
})
