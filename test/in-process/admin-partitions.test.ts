// Guards against partitions that are moved, or led, otherwise than was asked for, and against a failure of one that is
// taken for a failure of all.
import { AdminError, InvalidArgumentError, type ElectionType } from '../../src'
import { openAdminCluster } from './support/admin-cluster'
import { errorOf, until } from './support/case-runner'

const three = {
  brokers: 3,
  topics: [
    {
      name: 'orders',
      assignments: new Map([
        [0, [1, 2]],
        [1, [2, 3]],
      ]),
    },
  ],
}

describe('reassignments', () => {
  it('move partitions to other replicas, and each that fails fails alone', async () => {
    await using test = await openAdminCluster(three)
    const results = await test.admin.alterPartitionReassignments(
      [
        { topic: 'orders', partition: 0, replicas: [3, 1] },
        { topic: 'orders', partition: 1, replicas: [2, 9] },
        { topic: 'gone', partition: 0, replicas: [1] },
        { topic: 'orders', partition: 7, replicas: null },
      ],
      { partial: true },
    )
    expect(results).toMatchObject([
      { topic: 'orders', partition: 0, error: null },
      { topic: 'orders', partition: 1, error: { code: 'INVALID_REPLICA_ASSIGNMENT' } },
      { topic: 'gone', partition: 0, error: { code: 'UNKNOWN_TOPIC_OR_PARTITION' } },
      { topic: 'orders', partition: 7, error: { code: 'UNKNOWN_TOPIC_OR_PARTITION' } },
    ])
    await until(() => test.cluster.partition('orders', 0).replicas.join() === '3,1', 'the move')
    expect(test.cluster.partition('orders', 1).replicas).toEqual([2, 3])
  })

  it('are listed while they last, all or of some partitions, and can be cancelled', async () => {
    await using test = await openAdminCluster(three)
    const held = test.cluster.partition('orders', 0)
    await using producer = test.kafka.producer()
    await producer.send('orders', { value: 'v', partition: 0 })
    await test.cluster.stopBroker(3)
    await test.admin.alterPartitionReassignments([{ topic: 'orders', partition: 0, replicas: [1, 3] }])
    const moving = {
      topic: 'orders',
      partition: 0,
      replicas: [1, 3, 2],
      addingReplicas: [3],
      removingReplicas: [2],
    }
    expect(await test.admin.listPartitionReassignments()).toEqual([moving])
    const ask = (partition: number) =>
      test.admin.listPartitionReassignments({ partitions: [{ topic: 'orders', partition }] })
    expect([await ask(0), await ask(1)]).toEqual([[moving], []])
    await test.admin.alterPartitionReassignments([{ topic: 'orders', partition: 0, replicas: null }])
    expect(await test.admin.listPartitionReassignments()).toEqual([])
    expect([...held.replicas].sort()).toEqual([1, 2])
    const again = test.admin.alterPartitionReassignments([{ topic: 'orders', partition: 0, replicas: null }])
    expect(await errorOf(again)).toMatchObject({ code: 'NO_REASSIGNMENT_IN_PROGRESS' })
  })

  it('may be kept from changing the number of replicas, where brokers know that', async () => {
    await using test = await openAdminCluster(three)
    const more = [{ topic: 'orders', partition: 0, replicas: [1, 2, 3] }]
    const options = { allowReplicationFactorChange: false }
    expect(await errorOf(test.admin.alterPartitionReassignments(more, options))).toMatchObject({
      code: 'INVALID_REPLICATION_FACTOR',
    })
    await test.admin.alterPartitionReassignments(more)
    await until(() => test.cluster.partition('orders', 0).replicas.length === 3, 'the third replica')
    await using old = await openAdminCluster({ ...three, version: '3.7' })
    // A broker that can't forbid it must not be asked to move anything.
    expect(await errorOf(old.admin.alterPartitionReassignments(more, options))).toMatchObject({
      code: 'UNSUPPORTED_VERSION',
    })
    expect(old.cluster.partition('orders', 0).replicas).toEqual([1, 2])
  })

  it('with wrong arguments are refused before anything is sent, all problems at once', async () => {
    await using test = await openAdminCluster(three)
    const error = await errorOf(
      test.admin.alterPartitionReassignments([
        { topic: '', partition: -1, replicas: [] },
        { topic: 'orders', partition: 0, replicas: [1, 1] },
      ]),
    )
    if (!(error instanceof InvalidArgumentError)) throw error
    expect(error.message).toMatch(/\[0\]\.topic.*\[0\]\.partition.*\[0\]\.replicas.*\[1\]\.replicas/s)
    expect(test.count('AlterPartitionReassignments')).toBe(0)
  })
})

describe('elections', () => {
  it('give partitions their preferred leaders, and tell who had it already', async () => {
    await using test = await openAdminCluster(three)
    test.cluster.moveLeader('orders', 0, 2)
    const partitions = [0, 1].map((partition) => ({ topic: 'orders', partition }))
    expect(await test.admin.electLeaders('preferred', partitions)).toEqual([
      { topic: 'orders', partition: 0, elected: true },
      { topic: 'orders', partition: 1, elected: false },
    ])
    expect(test.cluster.partition('orders', 0).leaderId).toBe(1)
  })

  it('of all partitions name those that needed one', async () => {
    await using test = await openAdminCluster(three)
    test.cluster.moveLeader('orders', 1, 3)
    expect(await test.admin.electLeaders('preferred', 'all')).toEqual([
      { topic: 'orders', partition: 1, elected: true },
    ])
    expect(await test.admin.electLeaders('preferred', 'all')).toEqual([])
  })

  it('fail for each partition by itself', async () => {
    await using test = await openAdminCluster(three)
    test.cluster.moveLeader('orders', 0, 2)
    await test.cluster.stopBroker(1)
    test.cluster.moveLeader('orders', 1, 3)
    const partitions = [
      { topic: 'orders', partition: 0 },
      { topic: 'orders', partition: 1 },
      { topic: 'gone', partition: 0 },
    ]
    const error = await errorOf(test.admin.electLeaders('preferred', partitions))
    if (!(error instanceof AdminError)) throw error
    expect(error.results).toMatchObject([
      { partition: 0, error: { code: 'PREFERRED_LEADER_NOT_AVAILABLE' } },
      { partition: 1, elected: true, error: null },
      { topic: 'gone', error: { code: 'UNKNOWN_TOPIC_OR_PARTITION' } },
    ])
    expect(error.message).toContain('electLeaders failed for 2 of 3: orders-0')
  })

  it('that are unclean are asked only of brokers that know them', async () => {
    await using old = await openAdminCluster()
    old.cluster.limitVersions('ElectLeaders', { max: 0 })
    const partitions = [{ topic: 'orders', partition: 0 }]
    // Version 0 knows only the other election: it must not be sent.
    expect(await errorOf(old.admin.electLeaders('unclean', partitions))).toMatchObject({
      code: 'UNSUPPORTED_VERSION',
    })
    expect(await old.admin.electLeaders('preferred', partitions)).toMatchObject([{ elected: false }])
    await using test = await openAdminCluster()
    expect(await test.admin.electLeaders('unclean', partitions)).toMatchObject([{ elected: false }])
  })

  it('with wrong arguments are refused before anything is sent', async () => {
    await using test = await openAdminCluster()
    expect(await errorOf(test.admin.electLeaders('clean' as ElectionType, 'all'))).toMatchObject({
      message: expect.stringContaining('type') as string,
    })
    const twice = [{ topic: 'orders', partition: 0 }]
    expect(await errorOf(test.admin.electLeaders('preferred', [...twice, ...twice]))).toBeInstanceOf(
      InvalidArgumentError,
    )
    expect(test.count('ElectLeaders')).toBe(0)
  })
})
