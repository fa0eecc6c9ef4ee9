// Guards against ACLs, quotas, passwords and transactions that only our own idea of a broker understands: Kafka's own
// tools read what was written, and another user of the cluster feels it.
import { Kafka, silentLogger, type Admin } from '../../src'
import { describeEachKafkaCluster, type KafkaClusterUnderTest } from './support/describe-kafka'
import { eventualAnswer } from '../support/eventually'
import { runKafkaTool } from './support/java-tools'

const authorizer = {
  'authorizer.class.name': 'org.apache.kafka.metadata.authorizer.StandardAuthorizer',
  'super.users': 'User:ANONYMOUS',
}

function aclCommand(kafka: KafkaClusterUnderTest): string {
  return kafka.version.startsWith('3.') ? 'kafka.admin.AclCommand' : 'org.apache.kafka.tools.AclCommand'
}

describeEachKafkaCluster('the admin client of a secured cluster', { brokerConfig: authorizer }, (kafka) => {
  let admin: Admin
  let server: Kafka
  const tool = (mainClass: string, ...args: string[]) =>
    runKafkaTool(kafka.version, mainClass, ['--bootstrap-server', kafka.bootstrap.join(','), ...args])
  const as = (username: string, password: string) =>
    new Kafka({
      brokers: kafka.sasl.bootstrap,
      sasl: { mechanism: 'SCRAM-SHA-256', username, password },
      logger: silentLogger,
    })

  beforeAll(() => {
    server = new Kafka({ brokers: kafka.bootstrap, logger: silentLogger })
    admin = server.admin()
  })
  afterAll(() => admin?.close())

  it('writes ACLs that kafka-acls reads and brokers obey, finds them by filter, and deletes them', async () => {
    const topic = kafka.uniqueName('orders')
    await admin.createTopics([{ name: topic, partitions: 1 }])
    const read = { resourceType: 'topic', principal: 'User:alice', permission: 'allow' } as const
    const created = await admin.createAcls([
      { ...read, resourceName: topic, operation: 'describe' },
      { ...read, resourceName: 'ord', patternType: 'prefixed', operation: 'write', permission: 'deny' },
      { ...read, resourceType: 'group', resourceName: '*', host: '10.0.0.7', operation: 'all' },
      { ...read, resourceType: 'cluster', operation: 'idempotentWrite' },
    ])
    expect(created[1]).toMatchObject({
      resourceName: 'ord',
      patternType: 'prefixed',
      host: '*',
      permission: 'deny',
    })
    const told = await tool(aclCommand(kafka), '--list')
    expect(told).toContain(`resourceType=TOPIC, name=${topic}, patternType=LITERAL`)
    expect(told).toContain('resourceType=TOPIC, name=ord, patternType=PREFIXED')
    expect(told).toContain('principal=User:alice, host=*, operation=WRITE, permissionType=DENY')
    expect(told).toContain('principal=User:alice, host=10.0.0.7, operation=ALL, permissionType=ALLOW')
    expect(told).toContain('resourceType=CLUSTER, name=kafka-cluster, patternType=LITERAL')

    await using alice = as('alice', kafka.sasl.users['alice'] ?? '').admin()
    expect((await alice.listTopics()).map(({ name }) => name)).toEqual([topic])
    await expect(alice.describeAcls({})).rejects.toMatchObject({ code: 'CLUSTER_AUTHORIZATION_FAILED' })

    const found = await admin.describeAcls({
      resourceType: 'topic',
      resourceName: topic,
      patternType: 'match',
    })
    expect(found.map(({ resourceName }) => resourceName).sort()).toEqual(['ord', topic].sort())
    const deleted = await admin.deleteAcls([
      { resourceType: 'topic' },
      { host: '10.0.0.7' },
      { principal: 'User:nobody' },
    ])
    expect(deleted.map(({ acls }) => acls.length)).toEqual([2, 1, 0])
    await eventualAnswer(
      () => admin.describeAcls({}),
      (left) => left.length === 1,
      'one rule to be left',
    )
  }, 60_000)

  it('writes quotas and SCRAM credentials that kafka-configs reads, and a user logs in with', async () => {
    const user = kafka.uniqueName('carol')
    await admin.alterClientQuotas([
      { entity: { user }, set: { producer_byte_rate: 1_000_000 } },
      { entity: { user, 'client-id': null }, set: { consumer_byte_rate: 5000 } },
      { entity: { ip: '10.0.0.7' }, set: { connection_creation_rate: 3 } },
    ])
    const [refused] = await admin.alterClientQuotas([{ entity: { user }, set: { bytes: 1 } }], {
      partial: true,
    })
    expect(refused?.error?.code).toBe('INVALID_REQUEST')
    await admin.alterUserScramCredentials([
      { user, mechanism: 'SCRAM-SHA-256', password: 'sesame', iterations: 8192 },
    ])
    await using mallory = as(user, 'other').admin()
    await expect(mallory.connect()).rejects.toMatchObject({ name: 'AuthenticationError' })

    const told = await tool(
      'kafka.admin.ConfigCommand',
      '--describe',
      '--entity-type',
      'users',
      '--entity-name',
      user,
    )
    expect(told).toContain('producer_byte_rate=1000000.0')
    expect(told).toContain('SCRAM-SHA-256=iterations=8192')
    await using carol = as(user, 'sesame').admin()
    await carol.connect()

    const exact = { type: 'user', match: 'exact', name: user } as const
    expect(await admin.describeClientQuotas({ components: [exact], strict: true })).toEqual([
      { entity: { user }, quotas: { producer_byte_rate: 1_000_000 } },
    ])
    expect(await admin.describeClientQuotas({ components: [exact] })).toHaveLength(2)
    expect(await admin.describeClientQuotas({ components: [{ type: 'ip', match: 'any' }] })).toHaveLength(1)
    expect(await admin.describeUserScramCredentials([user, 'nobody'], { partial: true })).toMatchObject([
      { user, credentials: [{ mechanism: 'SCRAM-SHA-256', iterations: 8192 }] },
      { user: 'nobody', error: { code: 'RESOURCE_NOT_FOUND' } },
    ])
    await admin.alterUserScramCredentials([{ user, mechanism: 'SCRAM-SHA-256', delete: true }])
    await admin.alterClientQuotas([{ entity: { user }, unset: ['producer_byte_rate'] }])
    await eventualAnswer(
      () => admin.describeClientQuotas({ components: [exact], strict: true }),
      (left) => left.length === 0,
      'no quota to be left',
    )
  }, 60_000)

  it('shows open transactions, fences their producer, and aborts one that hangs', async () => {
    const topic = kafka.uniqueName('moves')
    const transactionalId = kafka.uniqueName('mover')
    await admin.createTopics([{ name: topic, partitions: 2 }])
    await using producer = server.producer({ transactionalId })
    const transaction = await producer.beginTransaction()
    await transaction.send(topic, { value: 'v', partition: 0 })
    expect(await admin.listTransactions({ states: ['Ongoing'] })).toMatchObject([{ transactionalId }])
    const results = await admin.describeTransactions([transactionalId, 'nobody'], { partial: true })
    expect(results).toMatchObject([
      { state: 'Ongoing', coordinator: 1, partitions: [{ topic, partition: 0 }], error: null },
      { error: { code: 'TRANSACTIONAL_ID_NOT_FOUND' } },
    ])
    const ask = async () => {
      const [described] = await admin.describeProducers([{ topic, partition: 0 }])
      return described?.producers[0]
    }
    const open = await ask()
    expect(open).toMatchObject({ currentTransactionStartOffset: 0n, lastSequence: 0 })
    if (open === undefined) throw new Error('no producer is known')
    const { producerId, producerEpoch, coordinatorEpoch } = open
    await admin.abortTransaction({ topic, partition: 0, producerId, producerEpoch, coordinatorEpoch })
    expect((await ask())?.currentTransactionStartOffset).toBeNull()
    const [end] = await admin.listOffsets([{ topic, partition: 0, at: 'latest' }], {
      isolationLevel: 'read_committed',
    })
    expect(end?.offset).toBe(2n)

    const [fenced] = await admin.fenceProducers([transactionalId])
    expect(fenced?.producerId).toBe(producerId)
    expect(fenced?.producerEpoch).toBeGreaterThan(producerEpoch)
    await expect(transaction.commit()).rejects.toMatchObject({ name: 'FencedError' })
    expect(await admin.listTransactions({ states: ['Ongoing'] })).toEqual([])
  }, 60_000)

  it('removes members of a group, static and others, and its offsets once nobody reads', async () => {
    const topic = kafka.uniqueName('orders')
    const groupId = kafka.uniqueName('billing')
    await admin.createTopics([{ name: topic, partitions: 2 }])
    await admin.alterGroupOffsets([{ groupId, topic, partition: 0, offset: 0n }])
    const consumers = ['a', 'b'].map((groupInstanceId) =>
      server.consumer({ groupId, topics: [topic], groupInstanceId, groupProtocol: 'classic' }),
    )
    const runs = consumers.map((consumer) => consumer.run(() => {}).catch(() => undefined))
    const members = async () => (await admin.describeGroups([groupId]))[0]?.members ?? []
    while ((await members()).length < 2) await new Promise((resolve) => setTimeout(resolve, 50))
    await expect(admin.deleteGroupOffsets([{ groupId, topic, partition: 0 }])).rejects.toMatchObject({
      code: 'GROUP_SUBSCRIBED_TO_TOPIC',
    })
    const removed = await admin.removeMembersFromGroup(
      groupId,
      [{ groupInstanceId: 'a' }, { groupInstanceId: 'z' }, { memberId: 'nobody' }],
      { partial: true, reason: 'moved' },
    )
    expect(removed.map(({ error }) => error?.code)).toEqual([
      undefined,
      'UNKNOWN_MEMBER_ID',
      'UNKNOWN_MEMBER_ID',
    ])
    await Promise.all(consumers.map((consumer) => consumer.close()))
    await Promise.all(runs)
    // Static members stay when they close: that is what the call is for.
    await admin.removeMembersFromGroup(groupId, 'all')
    expect(await members()).toEqual([])
    await admin.deleteGroupOffsets([{ groupId, topic, partition: 0 }])
    // The members may have committed where they stood in the other partition.
    const [left] = await admin.listGroupOffsets([{ groupId }])
    expect(left?.offsets.filter(({ partition }) => partition === 0)).toEqual([])
  }, 60_000)
})
