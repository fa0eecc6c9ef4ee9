// Guards against replicas that are moved, and leaders that are elected, only in our own idea of a cluster.
import { Kafka, silentLogger, type Admin } from '../../src'
import { describeEachKafkaCluster } from './support/describe-kafka'
import { eventualAnswer } from '../support/eventually'
import { runKafkaTool } from './support/java-tools'

describeEachKafkaCluster('the admin client and replicas', { nodes: 3, versions: ['4.3.1'] }, (kafka) => {
  let admin: Admin
  beforeAll(() => void (admin = new Kafka({ brokers: kafka.bootstrap, logger: silentLogger }).admin()))
  afterAll(() => admin?.close())

  it('moves partitions, cancels a move, and elects leaders', async () => {
    const topic = kafka.uniqueName('moved')
    await admin.createTopics([
      {
        name: topic,
        assignments: [
          [1, 2],
          [2, 3],
        ],
      },
    ])
    const describe = async () => (await admin.describeTopics([topic]))[0]?.partitions ?? []
    const results = await admin.alterPartitionReassignments(
      [
        { topic, partition: 0, replicas: [3, 1] },
        { topic, partition: 1, replicas: [2, 9] },
        { topic, partition: 7, replicas: null },
      ],
      { partial: true },
    )
    expect(results.map(({ error }) => error?.code)).toEqual([
      undefined,
      'INVALID_REPLICA_ASSIGNMENT',
      'UNKNOWN_TOPIC_OR_PARTITION',
    ])
    await eventualAnswer(
      () => admin.listPartitionReassignments(),
      (moving) => moving.length === 0,
      'the moves to end',
    )
    // Brokers learn one after another what the controller has decided.
    await eventualAnswer(describe, ([first]) => first?.replicas.join() === '3,1', 'the new replicas')
    expect((await describe())[1]?.replicas).toEqual([2, 3])
    expect(
      await admin.electLeaders(
        'preferred',
        [0, 1].map((partition) => ({ topic, partition })),
      ),
    ).toEqual([
      { topic, partition: 0, elected: true },
      { topic, partition: 1, elected: false },
    ])
    await eventualAnswer(describe, (partitions) => partitions[0]?.leader === 3, 'the new leader')
    await expect(
      admin.alterPartitionReassignments([{ topic, partition: 0, replicas: [1, 2, 3] }], {
        allowReplicationFactorChange: false,
      }),
    ).rejects.toMatchObject({ code: 'INVALID_REPLICATION_FACTOR' })

    await kafka.node(2).kill()
    await admin.alterPartitionReassignments([{ topic, partition: 0, replicas: [3, 2] }])
    const moving = { topic, partition: 0, replicas: [3, 2, 1], addingReplicas: [2], removingReplicas: [1] }
    expect(await admin.listPartitionReassignments({ partitions: [{ topic, partition: 0 }] })).toEqual([
      moving,
    ])
    const told = await runKafkaTool(
      kafka.version,
      'org.apache.kafka.tools.reassign.ReassignPartitionsCommand',
      ['--bootstrap-server', kafka.bootstrap.join(','), '--list'],
    )
    expect(told).toMatch(new RegExp(`${topic}-0: replicas: 3,2,1\\. adding: 2\\. removing: 1\\.`))
    await admin.alterPartitionReassignments([{ topic, partition: 0, replicas: null }])
    expect(await admin.listPartitionReassignments()).toEqual([])
    const refused = await admin.electLeaders(
      'unclean',
      [
        { topic, partition: 0 },
        { topic, partition: 9 },
      ],
      {
        partial: true,
      },
    )
    expect(refused).toMatchObject([
      { elected: false, error: null },
      { error: { code: 'UNKNOWN_TOPIC_OR_PARTITION' } },
    ])
    const [election] = await eventualAnswer(
      () => admin.electLeaders('preferred', [{ topic, partition: 1 }], { partial: true }),
      ([one]) => one?.error !== null,
      'a refused election',
    )
    expect(election?.error?.code).toBe('PREFERRED_LEADER_NOT_AVAILABLE')
    await admin.electLeaders('preferred', 'all').catch(() => undefined)
  }, 90_000)

  it('shows directories that are cordoned, and what each broker can do', async () => {
    const broker = { type: 'broker', name: '1' } as const
    const dirsOf = async () =>
      (await admin.describeLogDirs({ nodeIds: [1, 3] })).map(({ logDirs }) => logDirs[0])
    expect(await dirsOf()).toMatchObject([{ isCordoned: false }, { isCordoned: false }])
    await admin.incrementalAlterConfigs([{ ...broker, set: { 'cordoned.log.dirs': '*' } }])
    const dirs = await eventualAnswer(dirsOf, ([first]) => first?.isCordoned === true, 'the cordon')
    expect(dirs[1]).toMatchObject({ isCordoned: false })
    await admin.incrementalAlterConfigs([{ ...broker, unset: ['cordoned.log.dirs'] }])

    const level = (await admin.describeFeatures({ nodeId: 1 })).find(
      ({ feature }) => feature === 'metadata.version',
    )
    expect(level?.supported?.max).toBeGreaterThanOrEqual(level?.finalized?.max ?? Infinity)
    await expect(admin.describeFeatures({ nodeId: 9, timeoutMs: 500 })).rejects.toMatchObject({
      name: 'TimeoutError',
    })
  }, 60_000)
})
