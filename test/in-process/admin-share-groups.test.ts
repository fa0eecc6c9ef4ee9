// Guards against share groups that nobody can look into or that begin somewhere else than they were told, and configs
// that outlive their replacement.
import { AdminError, InvalidArgumentError } from '../../src'
import { eventualAnswer } from '../support/eventually'
import { openAdminCluster, type AdminCluster } from './support/admin-cluster'
import { errorOf, until } from './support/case-runner'

async function produce(test: AdminCluster, count: number): Promise<void> {
  await using producer = test.kafka.producer()
  for (let n = 0; n < count; n++) await producer.send('orders', { value: `v${n}`, partition: 0 })
}

describe('a share group', () => {
  it('is described with its members, beside groups of other protocols and those there are not', async () => {
    await using test = await openAdminCluster({ authorizer: { superUsers: ['User:ANONYMOUS'] } })
    await test.admin.alterGroupOffsets([{ groupId: 'billing', topic: 'orders', partition: 0, offset: 0n }])
    // With a start in each partition they are assigned at once, not with the next heartbeat.
    await test.admin.alterShareGroupOffsets(
      [0, 1].map((partition) => ({ groupId: 'workers', topic: 'orders', partition, startOffset: 0n })),
    )
    await using consumer = test.kafka.shareConsumer({ groupId: 'workers', topics: ['orders'] })
    const run = consumer.run(() => {})
    const describe = () =>
      test.admin.describeGroups(['billing', 'workers', 'nobody'], {
        includeAuthorizedOperations: true,
        partial: true,
      })
    const [billing, workers, nobody] = await eventualAnswer(
      describe,
      ([, group]) => group?.error === null && group.members[0]?.assignment?.length === 2,
      'both partitions to be assigned',
      4_000,
    )
    expect(billing).toMatchObject({ type: 'classic', state: 'Empty', error: null })
    expect(workers).toMatchObject({
      type: 'share',
      state: 'Stable',
      protocolType: 'share',
      assignor: 'simple',
      coordinator: 1,
      authorizedOperations: expect.arrayContaining(['read', 'delete', 'describe']) as unknown,
      members: [{ subscribedTopics: ['orders'], targetAssignment: null, groupInstanceId: null }],
    })
    if (workers?.error !== null) throw new Error('the share group is not described')
    const [member] = workers.members
    expect(member?.assignment).toEqual([
      { topic: 'orders', partition: 0 },
      { topic: 'orders', partition: 1 },
    ])
    expect(member?.memberEpoch).toBe(workers.groupEpoch)
    expect(workers.assignmentEpoch).toBe(workers.groupEpoch)
    expect(nobody?.error?.code).toBe('GROUP_ID_NOT_FOUND')
    await consumer.close()
    await run
    const [left] = await test.admin.describeGroups(['workers'])
    expect(left).toMatchObject({ type: 'share', state: 'Empty', members: [], authorizedOperations: null })
  })
})

describe('offsets of share groups', () => {
  it('are set, told with the lag, read from, and forgotten; each item fails by itself', async () => {
    await using test = await openAdminCluster()
    await produce(test, 5)
    const results = await test.admin.alterShareGroupOffsets(
      [
        { groupId: 'workers', topic: 'orders', partition: 0, startOffset: 3n },
        { groupId: 'workers', topic: 'orders', partition: 1, startOffset: 0n },
        { groupId: 'workers', topic: 'gone', partition: 0, startOffset: 0n },
        { groupId: 'others', topic: 'orders', partition: 0, startOffset: 1n },
      ],
      { partial: true },
    )
    expect(results).toMatchObject([
      { partition: 0, error: null },
      { partition: 1, error: null },
      { topic: 'gone', error: { code: 'UNKNOWN_TOPIC_OR_PARTITION' } },
      { groupId: 'others', error: null },
    ])
    const [workers, nobody] = await test.admin.listShareGroupOffsets(
      [{ groupId: 'workers' }, { groupId: 'nobody' }],
      { partial: true },
    )
    expect(workers).toMatchObject({
      offsets: [
        { topic: 'orders', partition: 0, startOffset: 3n, lag: 2n },
        { topic: 'orders', partition: 1, startOffset: 0n, lag: 0n },
      ],
    })
    expect(nobody).toEqual({ groupId: 'nobody', offsets: [], error: null })
    const partitions = [{ topic: 'orders', partition: 0 }]
    expect(await test.admin.listShareGroupOffsets([{ groupId: 'others', partitions }])).toMatchObject([
      { offsets: [{ partition: 0, startOffset: 1n }] },
    ])

    const seen: (string | null)[] = []
    await using consumer = test.kafka.shareConsumer({ groupId: 'workers', topics: ['orders'] })
    const run = consumer.run((message) => void seen.push(message.value?.toString() ?? null))
    await until(() => seen.length === 2, 'two messages')
    expect(seen).toEqual(['v3', 'v4'])
    const at = { groupId: 'workers', topic: 'orders', partition: 0, startOffset: 0n }
    expect(await errorOf(test.admin.alterShareGroupOffsets([at]))).toMatchObject({ code: 'NON_EMPTY_GROUP' })
    expect(
      await errorOf(
        test.admin.deleteShareGroupOffsets([at].map(({ groupId, topic }) => ({ groupId, topic }))),
      ),
    ).toMatchObject({ code: 'NON_EMPTY_GROUP' })
    await consumer.close()
    await run
    const deleted = test.admin.deleteShareGroupOffsets([
      { groupId: 'workers', topic: 'orders' },
      { groupId: 'workers', topic: 'gone' },
    ])
    const error = await errorOf(deleted)
    if (!(error instanceof AdminError)) throw error
    expect(error.results).toMatchObject([
      { topic: 'orders', error: null },
      { topic: 'gone', error: { code: 'UNKNOWN_TOPIC_OR_PARTITION' } },
    ])
    expect(await test.admin.listShareGroupOffsets([{ groupId: 'workers' }])).toEqual([
      { groupId: 'workers', offsets: [] },
    ])
  })

  it('with wrong arguments are refused before anything is sent', async () => {
    await using test = await openAdminCluster()
    const wrong = { groupId: '', topic: '', partition: -1, startOffset: -1n }
    const error = await errorOf(test.admin.alterShareGroupOffsets([wrong]))
    if (!(error instanceof InvalidArgumentError)) throw error
    for (const field of ['groupId', 'topic', 'partition', 'startOffset']) {
      expect(error.message).toContain(`offsets[0].${field}`)
    }
    const twice = { groupId: 'a', topic: 'b' }
    expect(await errorOf(test.admin.deleteShareGroupOffsets([twice, twice]))).toBeInstanceOf(
      InvalidArgumentError,
    )
    expect(await errorOf(test.admin.listShareGroupOffsets([{ groupId: '' }]))).toBeInstanceOf(
      InvalidArgumentError,
    )
    expect(test.count('AlterShareGroupOffsets') + test.count('DeleteShareGroupOffsets')).toBe(0)
  })
})

describe('alterConfigs', () => {
  it('replaces all configs of a resource, each resource that fails by itself', async () => {
    await using test = await openAdminCluster()
    const orders = { type: 'topic', name: 'orders' } as const
    await test.admin.incrementalAlterConfigs([
      { ...orders, set: { 'retention.ms': 5, 'segment.ms': 60_000 } },
    ])
    await test.admin.alterConfigs([{ ...orders, configs: { 'retention.ms': 9 } }], { validateOnly: true })
    const own = async () => {
      const [described] = await test.admin.describeConfigs([orders])
      const entries = Object.entries(described?.configs ?? {}).filter(([, { source }]) => source === 'topic')
      return Object.fromEntries(entries.map(([name, { value }]) => [name, value]))
    }
    expect(await own()).toEqual({ 'retention.ms': '5', 'segment.ms': '60000' })
    const results = await test.admin.alterConfigs(
      [
        { ...orders, configs: { 'retention.ms': 7, 'cleanup.policy': 'compact' } },
        { type: 'topic', name: 'gone', configs: {} },
      ],
      { partial: true },
    )
    expect(results).toMatchObject([
      { type: 'topic', name: 'orders', error: null },
      { name: 'gone', error: { code: 'UNKNOWN_TOPIC_OR_PARTITION' } },
    ])
    expect(await own()).toEqual({ 'retention.ms': '7', 'cleanup.policy': 'compact' })
    expect(await errorOf(test.admin.alterConfigs([{ type: 'topic', name: '', configs: {} }]))).toBeInstanceOf(
      InvalidArgumentError,
    )
  })
})
