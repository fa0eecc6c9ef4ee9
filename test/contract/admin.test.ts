// Guards against admin calls that only our own idea of a broker answers: the same calls get the same answers everywhere.
import { silentLogger } from '../../src/base/logger'
import { Kafka } from '../../src/kafka'
import { eventualAnswer } from '../support/eventually'
import { rejectionOf } from '../support/rejection'
import { describeEachBroker } from './support/describe-each-broker'

describeEachBroker('the admin client', {}, (broker) => {
  const client = (): Kafka => new Kafka({ brokers: broker.brokers, logger: silentLogger })

  it('describes share groups and classic groups in one call, knows who is not there, and deletes them', async () => {
    const [topic, workers, billing, nobody] = ['topic', 'workers', 'billing', 'nobody'].map((name) =>
      broker.uniqueName(name),
    ) as [string, string, string, string]
    const kafka = client()
    await using admin = kafka.admin()
    await admin.createTopics([{ name: topic, partitions: 2, replicationFactor: 1 }])
    await admin.alterGroupOffsets([{ groupId: billing, topic, partition: 0, offset: 0n }])
    const describe = () =>
      admin.describeGroups([billing, workers, nobody], { includeAuthorizedOperations: true, partial: true })
    if (broker.version === '3.7') {
      expect(await describe()).toMatchObject([
        { type: 'classic', state: 'Empty' },
        { error: { code: 'GROUP_ID_NOT_FOUND' } },
        { error: { code: 'GROUP_ID_NOT_FOUND' } },
      ])
      return
    }
    // With a start in each partition they are assigned at once, not with the next heartbeat. The group's coordinator hears
    // of a topic by itself, later than the brokers.
    await eventualAnswer(
      () =>
        admin.alterShareGroupOffsets(
          [0, 1].map((partition) => ({ groupId: workers, topic, partition, startOffset: 0n })),
          { partial: true },
        ),
      (altered) => altered.every(({ error }) => error === null),
      'the coordinator to know the topic',
    )
    await using consumer = kafka.shareConsumer({ groupId: workers, topics: [topic] })
    const run = consumer.run(() => {})
    const results = await eventualAnswer(
      describe,
      ([, group]) => group?.error === null && group.members[0]?.assignment?.length === 2,
      'both partitions to be assigned',
    )
    expect(results).toMatchObject([
      { type: 'classic', state: 'Empty' },
      {
        type: 'share',
        state: 'Stable',
        protocolType: 'share',
        assignor: 'simple',
        authorizedOperations: expect.arrayContaining(['read', 'delete', 'describe']) as unknown,
        members: [
          {
            groupInstanceId: null,
            subscribedTopics: [topic],
            assignment: [
              { topic, partition: 0 },
              { topic, partition: 1 },
            ],
            targetAssignment: null,
          },
        ],
      },
      { error: { code: 'GROUP_ID_NOT_FOUND' } },
    ])
    await consumer.close()
    await run
    expect(await admin.describeGroups([workers])).toMatchObject([
      { type: 'share', state: 'Empty', members: [], authorizedOperations: null },
    ])
    await admin.deleteGroups([workers])
    expect(await rejectionOf(admin.describeGroups([workers]))).toMatchObject({ code: 'GROUP_ID_NOT_FOUND' })
  }, 60_000)

  it('tells the members of a group apart by the protocol they speak', async () => {
    const [topic, groupId] = [broker.uniqueName('topic'), broker.uniqueName('group')]
    const kafka = client()
    await using admin = kafka.admin()
    await admin.createTopics([{ name: topic, partitions: 2, replicationFactor: 1 }])
    const protocols = broker.pick({ '3.7': ['classic'], '4.3': ['consumer', 'classic'] } as const)
    const consumers = protocols.map((groupProtocol) =>
      kafka.consumer({ groupId, topics: [topic], groupProtocol }),
    )
    const runs: Promise<void>[] = []
    try {
      for (const [index, consumer] of consumers.entries()) {
        runs.push(consumer.run(() => {}))
        await eventualAnswer(
          () => admin.describeGroups([groupId], { partial: true }),
          ([group]) => group?.error === null && group.members.length === index + 1,
          'the member to join',
        )
      }
      const [group] = await admin.describeGroups([groupId])
      expect(group?.type).toBe(protocols[0])
      expect(group?.members.map(({ isClassic }) => isClassic).sort()).toEqual(
        broker.pick({ '3.7': [true], '4.3': [false, true] }),
      )
    } finally {
      await Promise.all(consumers.map((consumer) => consumer.close()))
      await Promise.all(runs)
    }
  }, 60_000)

  it('describes the controllers, and changes none of those that are known by their node alone', async () => {
    await using admin = client().admin()
    const { leaderId, voters, nodes } = await admin.describeMetadataQuorum()
    expect(voters).toMatchObject([{ nodeId: leaderId, directoryId: null }])
    const endpoint = {
      listener: 'CONTROLLER',
      host: expect.any(String) as string,
      port: expect.any(Number) as number,
    }
    expect(nodes).toEqual(broker.pick({ '3.7': [], '4.3': [{ nodeId: leaderId, endpoints: [endpoint] }] }))
    const voter = { nodeId: 9, directoryId: 'AAAAAAAAAAAAAAAAAAAAAQ' }
    const endpoints = [{ listener: 'CONTROLLER', host: 'localhost', port: 1 }]
    const calls = [
      (clusterId?: string) =>
        admin.addRaftVoter({ ...voter, endpoints }, { ...(clusterId && { clusterId }) }),
      (clusterId?: string) => admin.removeRaftVoter(voter, { ...(clusterId && { clusterId }) }),
    ]
    for (const call of calls) {
      expect(await rejectionOf(call())).toMatchObject({ code: 'UNSUPPORTED_VERSION' })
      const otherwise = await rejectionOf(call('another'))
      expect(otherwise.code).toBe(
        broker.pick({ '3.7': 'UNSUPPORTED_VERSION', '4.3': 'INCONSISTENT_CLUSTER_ID' }),
      )
    }
  })
})
