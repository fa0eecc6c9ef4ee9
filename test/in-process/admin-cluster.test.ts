// Guards against answers about brokers, disks and features that are not theirs, and a broker that hides the others.
import { AdminError, InvalidArgumentError } from '../../src'
import { openAdminCluster } from './support/admin-cluster'
import { errorOf } from './support/case-runner'

describe('directories of brokers', () => {
  it('are told by all brokers or some, each that can not be asked by itself', async () => {
    await using test = await openAdminCluster({ brokers: 2 })
    await using producer = test.kafka.producer()
    await producer.send('orders', { value: 'v', partition: 0 })
    const leader = test.cluster.partition('orders', 0).leaderId
    const all = await test.admin.describeLogDirs()
    expect(all.map(({ nodeId }) => nodeId).sort()).toEqual([1, 2])
    const dir = all.find(({ nodeId }) => nodeId === leader)?.logDirs[0]
    expect(dir).toMatchObject({ path: expect.stringContaining('/') as string, failure: null })
    const replica = dir?.replicas.find(({ topic, partition }) => topic === 'orders' && partition === 0)
    expect(replica).toMatchObject({ offsetLag: 0n, isFuture: false })
    expect(replica?.sizeBytes).toBeGreaterThan(0n)
    const results = await test.admin.describeLogDirs({
      nodeIds: [leader, 9],
      partitions: [{ topic: 'orders', partition: 0 }],
      partial: true,
      timeoutMs: 300,
    })
    expect(results).toMatchObject([
      { nodeId: leader, logDirs: [{ replicas: [{ topic: 'orders', partition: 0 }] }], error: null },
      { nodeId: 9, error: { code: expect.stringMatching(/TIMEOUT|BROKER_NOT_AVAILABLE/) as string } },
    ])
  })

  it('can be chosen for replicas, each that fails by itself', async () => {
    await using test = await openAdminCluster()
    const [broker] = await test.admin.describeLogDirs()
    const path = broker?.logDirs[0]?.path ?? ''
    const at = { topic: 'orders', nodeId: 1 }
    const error = await errorOf(
      test.admin.alterReplicaLogDirs([
        { ...at, partition: 0, path },
        { ...at, partition: 1, path: '/nowhere' },
        { ...at, topic: 'gone', partition: 0, path },
      ]),
    )
    if (!(error instanceof AdminError)) throw error
    expect(error.results).toMatchObject([
      { topic: 'orders', partition: 0, nodeId: 1, error: null },
      { topic: 'orders', partition: 1, error: { code: 'LOG_DIR_NOT_FOUND' } },
      { topic: 'gone', error: { code: 'UNKNOWN_TOPIC_OR_PARTITION' } },
    ])
    const wrong = [{ topic: '', partition: -1, nodeId: -1, path: 'here' }]
    expect(await errorOf(test.admin.alterReplicaLogDirs(wrong))).toMatchObject({
      message: expect.stringMatching(/topic.*partition.*nodeId.*path/s) as string,
    })
  })
})

describe('the controllers of a cluster', () => {
  it('are described with their leader and voters', async () => {
    await using test = await openAdminCluster({ brokers: 3 })
    const quorum = await test.admin.describeMetadataQuorum()
    expect(quorum.voters.map(({ nodeId }) => nodeId)).toContain(quorum.leaderId)
    expect(quorum.highWatermark).toBeGreaterThanOrEqual(0n)
    expect(quorum.voters.map(({ directoryId }) => directoryId)).toEqual([null, null, null])
    expect(quorum.nodes).toHaveLength(3)
    expect(quorum.nodes[0]?.endpoints).toEqual([
      { listener: 'CONTROLLER', host: expect.any(String) as string, port: expect.any(Number) as number },
    ])
  })

  it('are not changed where they stand in the configs, nor in another cluster than was meant', async () => {
    await using test = await openAdminCluster()
    const voter = { nodeId: 2, directoryId: 'AAAAAAAAAAAAAAAAAAAAAQ' }
    const endpoints = [{ listener: 'CONTROLLER', host: 'localhost', port: 9093 }]
    const { clusterId } = await test.admin.describeCluster()
    const same = { clusterId: clusterId ?? '' }
    for (const call of [
      (options: { clusterId: string }) => test.admin.addRaftVoter({ ...voter, endpoints }, options),
      (options: { clusterId: string }) => test.admin.removeRaftVoter(voter, options),
    ]) {
      const refused = await errorOf(call(same))
      expect(refused).toMatchObject({ code: 'UNSUPPORTED_VERSION' })
      expect((refused as Error).message).toContain('the kraft.version feature is 0')
      expect(await errorOf(call({ clusterId: 'another' }))).toMatchObject({ code: 'INCONSISTENT_CLUSTER_ID' })
    }
    expect(test.count('AddRaftVoter') + test.count('RemoveRaftVoter')).toBe(4)
  })

  it('are not changed by what can be no voter: all that is wrong with it is said, and nothing sent', async () => {
    await using test = await openAdminCluster()
    const endpoints = [{ listener: 'controller', host: '', port: 0 }]
    const error = await errorOf(test.admin.addRaftVoter({ nodeId: -1, directoryId: 'x', endpoints }))
    expect(error).toBeInstanceOf(InvalidArgumentError)
    for (const field of ['nodeId', 'directoryId', 'listener', 'host', 'port']) {
      expect((error as Error).message).toContain(field)
    }
    const none = { nodeId: 1, directoryId: 'AAAAAAAAAAAAAAAAAAAAAA' }
    expect(await errorOf(test.admin.removeRaftVoter(none))).toBeInstanceOf(InvalidArgumentError)
    expect(await errorOf(test.admin.addRaftVoter({ ...none, endpoints: [] }))).toBeInstanceOf(
      InvalidArgumentError,
    )
    expect(test.count('AddRaftVoter') + test.count('RemoveRaftVoter')).toBe(0)
  })
})

describe('a broker that is gone', () => {
  it('is forgotten by the controller, once', async () => {
    await using test = await openAdminCluster({ brokers: 3 })
    await test.cluster.stopBroker(3)
    await test.admin.unregisterBroker(3)
    const { brokers } = await test.admin.describeCluster({ includeFencedBrokers: true })
    expect(brokers.map(({ nodeId }) => nodeId).sort()).toEqual([1, 2])
    expect(await errorOf(test.admin.unregisterBroker(3))).toMatchObject({ code: 'BROKER_ID_NOT_REGISTERED' })
    expect(await errorOf(test.admin.unregisterBroker(-1))).toBeInstanceOf(InvalidArgumentError)
  })
})

describe('features', () => {
  it('are described with the levels in use and the levels that can be', async () => {
    await using test = await openAdminCluster()
    const features = await test.admin.describeFeatures()
    const group = features.find(({ feature }) => feature === 'group.version')
    expect(group).toEqual({
      feature: 'group.version',
      finalized: { min: 1, max: 1 },
      supported: { min: 0, max: 1 },
    })
    expect(await test.admin.describeFeatures({ nodeId: 1 })).toEqual(features)
    expect(await errorOf(test.admin.describeFeatures({ nodeId: 9, timeoutMs: 100 }))).toMatchObject({
      code: 'TIMEOUT',
    })
    expect(await errorOf(test.admin.describeFeatures({ nodeId: -1 }))).toMatchObject({
      code: 'INVALID_OPTION',
    })
  })

  it('get other levels, all or none of one call, and are only checked where that is asked for', async () => {
    await using test = await openAdminCluster()
    const level = async (name: string) =>
      (await test.admin.describeFeatures()).find(({ feature }) => feature === name)?.finalized?.max ?? 0
    const down = [{ feature: 'group.version', level: 0, type: 'safeDowngrade' }] as const
    await test.admin.updateFeatures(down, { validateOnly: true })
    expect(await level('group.version')).toBe(1)
    expect(await errorOf(test.admin.updateFeatures([{ feature: 'group.version', level: 0 }]))).toMatchObject({
      code: 'INVALID_UPDATE_VERSION',
    })
    const results = await test.admin.updateFeatures([...down, { feature: 'gone.version', level: 3 }], {
      partial: true,
    })
    expect(results).toMatchObject([
      { feature: 'group.version', error: { code: 'INVALID_UPDATE_VERSION' } },
      { feature: 'gone.version', error: { code: 'INVALID_UPDATE_VERSION' } },
    ])
    expect(await test.admin.updateFeatures(down)).toEqual([{ feature: 'group.version' }])
    test.cluster.cutConnections()
    expect(await level('group.version')).toBe(0)
    expect(await errorOf(test.admin.updateFeatures([{ feature: '', level: -1 }]))).toBeInstanceOf(
      InvalidArgumentError,
    )
  })

  it('are not only checked by brokers that can not do that', async () => {
    await using test = await openAdminCluster()
    test.cluster.limitVersions('UpdateFeatures', { max: 0 })
    const down = [{ feature: 'group.version', level: 0, type: 'safeDowngrade' }] as const
    expect(await errorOf(test.admin.updateFeatures(down, { validateOnly: true }))).toMatchObject({
      code: 'UNSUPPORTED_VERSION',
    })
    expect(test.count('UpdateFeatures')).toBe(0)
    expect(await test.admin.updateFeatures(down)).toEqual([{ feature: 'group.version' }])
  })
})

describe('resources of configs', () => {
  it('are listed, all or of some types, as far as brokers can', async () => {
    await using test = await openAdminCluster()
    await test.admin.incrementalAlterConfigs([
      { type: 'clientMetrics', name: 'all-clients', set: { 'interval.ms': 60_000 } },
    ])
    const metrics = { type: 'clientMetrics', name: 'all-clients' }
    expect(await test.admin.listConfigResources({ types: ['clientMetrics'] })).toEqual([metrics])
    expect(await test.admin.listConfigResources()).toEqual(
      expect.arrayContaining([metrics, { type: 'topic', name: 'orders' }]),
    )
    await using old = await openAdminCluster()
    old.cluster.limitVersions('ListConfigResources', { max: 0 })
    expect(await old.admin.listConfigResources({ types: ['clientMetrics'] })).toEqual([])
    expect(await errorOf(old.admin.listConfigResources({ types: ['topic'] }))).toMatchObject({
      code: 'UNSUPPORTED_VERSION',
    })
  })
})
