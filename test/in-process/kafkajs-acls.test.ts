// Guards against ACLs and moves of partitions that mean something else than the numbers of KafkaJS that asked for them.
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ResourcePatternTypes,
} from '../../src/kafkajs/enums'
import type { AclEntry, AclFilter, Admin } from '../../src/kafkajs/types/admin'
import { until } from './support/case-runner'
import { failure, KafkaJsSetup } from './support/kafkajs-cluster'

const setup = new KafkaJsSetup()

afterEach(async () => {
  await setup.end()
})

describe('5 ACLs', () => {
  const sasl = { mechanism: 'plain', username: 'admin', password: 'admin-secret' } as const
  const entry: AclEntry = {
    resourceType: AclResourceTypes.TOPIC,
    resourceName: 'orders',
    resourcePatternType: ResourcePatternTypes.LITERAL,
    principal: 'User:alice',
    host: '*',
    operation: AclOperationTypes.READ,
    permissionType: AclPermissionTypes.ALLOW,
  }
  const everything: AclFilter = {
    resourceType: AclResourceTypes.ANY,
    resourcePatternType: ResourcePatternTypes.ANY,
    operation: AclOperationTypes.ANY,
    permissionType: AclPermissionTypes.ANY,
  }
  let admin: Admin

  beforeEach(async () => {
    await setup.start({
      sasl: { users: { admin: 'admin-secret' } },
      authorizer: { superUsers: ['User:admin'] },
    })
    admin = setup.own(setup.kafka({ sasl }).admin())
    await admin.connect()
  })

  const flat = (resources: Awaited<ReturnType<Admin['describeAcls']>>['resources']) =>
    resources
      .flatMap(({ acls, ...resource }) => acls.map((acl) => JSON.stringify({ ...resource, ...acl })))
      .sort()
  const sorted = (entries: readonly AclEntry[]) =>
    entries
      .map(
        ({ resourceType, resourceName, resourcePatternType, principal, host, operation, permissionType }) =>
          JSON.stringify({
            ...{ resourceType, resourceName, resourcePatternType },
            ...{ principal, host, operation, permissionType },
          }),
      )
      .sort()

  test('5: every number that an ACL can have is created and read back as it was', async () => {
    const { TOPIC, GROUP, CLUSTER, TRANSACTIONAL_ID, DELEGATION_TOKEN } = AclResourceTypes
    const { ALL, READ, WRITE, DELETE, ALTER, DESCRIBE_CONFIGS, ALTER_CONFIGS, ...rest } = AclOperationTypes
    const { CREATE, DESCRIBE, CLUSTER_ACTION, IDEMPOTENT_WRITE } = rest
    const operations = [ALL, READ, WRITE, DELETE, ALTER, DESCRIBE_CONFIGS, ALTER_CONFIGS]
    const acl: AclEntry[] = [
      ...operations.map((operation) => ({ ...entry, operation })),
      ...[GROUP, TRANSACTIONAL_ID, DELEGATION_TOKEN, TOPIC].map((resourceType) => ({
        ...entry,
        resourceType,
        operation: DESCRIBE,
      })),
      ...[CLUSTER_ACTION, IDEMPOTENT_WRITE, CREATE].map((operation) => ({
        ...entry,
        resourceType: CLUSTER,
        resourceName: 'kafka-cluster',
        operation,
      })),
      {
        ...entry,
        resourcePatternType: ResourcePatternTypes.PREFIXED,
        permissionType: AclPermissionTypes.DENY,
        host: '10.0.0.7',
      },
    ]
    expect(await admin.createAcls({ acl })).toBe(true)
    const described = await admin.describeAcls(everything)
    expect(Object.keys(described)).toEqual(['resources'])
    expect(flat(described.resources)).toEqual(sorted(acl))
  })

  test('5: createAcls takes one that exists, and one that it is given twice', async () => {
    expect(await admin.createAcls({ acl: [entry, { ...entry }] })).toBe(true)
    expect(await admin.createAcls({ acl: [entry] })).toBe(true)
    expect((await admin.describeAcls(everything)).resources).toHaveLength(1)
  })

  test('5: describeAcls tells a resource once, with all its ACLs', async () => {
    const write = { ...entry, operation: AclOperationTypes.WRITE }
    await admin.createAcls({ acl: [entry, write, { ...entry, resourceName: 'other' }] })
    const { resources } = await admin.describeAcls({ ...everything, resourceName: 'orders' })
    const rights = { principal: 'User:alice', host: '*', permissionType: AclPermissionTypes.ALLOW }
    expect(resources).toEqual([
      {
        resourceType: AclResourceTypes.TOPIC,
        resourceName: 'orders',
        resourcePatternType: ResourcePatternTypes.LITERAL,
        acls: expect.arrayContaining([
          { ...rights, operation: AclOperationTypes.READ },
          { ...rights, operation: AclOperationTypes.WRITE },
        ]),
      },
    ])
  })

  test('5: filters find by each of their fields, and MATCH finds what applies to a name', async () => {
    const prefixed = { ...entry, resourceName: 'ord', resourcePatternType: ResourcePatternTypes.PREFIXED }
    const other = { ...entry, resourceType: AclResourceTypes.GROUP, principal: 'User:bob', host: '10.0.0.7' }
    await admin.createAcls({ acl: [entry, prefixed, other] })
    const names = async (filter: Partial<AclFilter>) =>
      (await admin.describeAcls({ ...everything, ...filter })).resources
        .map(({ resourceName, resourceType }) => `${resourceType} ${resourceName}`)
        .sort()
    const match = { resourceName: 'orders', resourcePatternType: ResourcePatternTypes.MATCH }
    expect(await names({ ...match, resourceType: AclResourceTypes.TOPIC })).toEqual(['2 ord', '2 orders'])
    expect(await names({ resourcePatternType: ResourcePatternTypes.PREFIXED })).toEqual(['2 ord'])
    expect(await names({ principal: 'User:bob' })).toEqual(['3 orders'])
    expect(await names({ host: '10.0.0.7' })).toEqual(['3 orders'])
    expect(await names({ operation: AclOperationTypes.WRITE })).toEqual([])
    expect(await names({ permissionType: AclPermissionTypes.DENY })).toEqual([])
  })

  test('5: deleteAcls answers each filter with what it deleted', async () => {
    const group = { ...entry, resourceType: AclResourceTypes.GROUP }
    await admin.createAcls({ acl: [entry, group] })
    const ofTopics = { ...everything, resourceType: AclResourceTypes.TOPIC }
    const nobody = { ...everything, principal: 'User:nobody' }
    const answer = await admin.deleteAcls({ filters: [ofTopics, nobody, ofTopics] })
    expect(answer).toEqual({
      filterResponses: [
        { errorCode: 0, errorMessage: null, matchingAcls: [{ errorCode: 0, errorMessage: null, ...entry }] },
        { errorCode: 0, errorMessage: null, matchingAcls: [] },
        { errorCode: 0, errorMessage: null, matchingAcls: [] },
      ],
    })
    const { resources } = await admin.describeAcls(everything)
    expect(resources.map(({ resourceType }) => resourceType)).toEqual([AclResourceTypes.GROUP])
  })

  test('5, 8: numbers that only filters have, or nobody knows, are a broker’s refusal', async () => {
    const acl = [{ ...entry, operation: AclOperationTypes.ANY }]
    const refusal = { name: 'KafkaJSProtocolError', type: 'INVALID_REQUEST', code: 42, retriable: false }
    expect(await failure(admin.createAcls({ acl }))).toMatchObject(refusal)
    const filter = { ...everything, operation: AclOperationTypes.UNKNOWN }
    expect(await failure(admin.describeAcls(filter))).toMatchObject(refusal)
    expect(await failure(admin.deleteAcls({ filters: [filter] }))).toMatchObject(refusal)
  })
})

test('5, 8: a cluster without rules says so', async () => {
  await setup.start()
  const admin = setup.own(setup.kafka().admin())
  const everything = { resourceType: 1, resourcePatternType: 1, operation: 1, permissionType: 1 }
  expect(await failure(admin.describeAcls(everything))).toMatchObject({
    name: 'KafkaJSProtocolError',
    type: 'SECURITY_DISABLED',
    code: 54,
  })
})

describe('5 reassignments', () => {
  const assignments = new Map([
    [0, [1, 2]],
    [1, [2, 3]],
  ])
  let admin: Admin

  beforeEach(async () => {
    await setup.start({ brokers: 3, topics: [{ name: 'orders', assignments }] })
    admin = setup.own(setup.kafka().admin())
    await admin.connect()
  })

  test('5: alterPartitionReassignments moves partitions', async () => {
    const partitionAssignment = [{ partition: 0, replicas: [3, 1] }]
    const altered = admin.alterPartitionReassignments({ topics: [{ topic: 'orders', partitionAssignment }] })
    expect(await altered).toBeUndefined()
    await until(() => setup.cluster.partition('orders', 0).replicas.join() === '3,1', 'the move')
    expect(setup.cluster.partition('orders', 1).replicas).toEqual([2, 3])
    expect(await admin.alterPartitionReassignments({ topics: [], timeout: 1000 })).toBeUndefined()
  })

  test('5, 8: each partition that is not moved is told', async () => {
    const error = await failure(
      admin.alterPartitionReassignments({
        topics: [
          { topic: 'orders', partitionAssignment: [{ partition: 1, replicas: [2, 9] }] },
          { topic: 'gone', partitionAssignment: [{ partition: 0, replicas: [1] }] },
        ],
      }),
    )
    expect(error).toMatchObject({
      name: 'KafkaJSAggregateError',
      message: 'Errors altering partition reassignments',
      errors: [
        {
          name: 'KafkaJSAlterPartitionReassignmentsError',
          topic: 'orders',
          partition: 1,
          type: 'INVALID_REPLICA_ASSIGNMENT',
          code: 39,
        },
        {
          name: 'KafkaJSAlterPartitionReassignmentsError',
          topic: 'gone',
          partition: 0,
          type: 'UNKNOWN_TOPIC_OR_PARTITION',
          code: 3,
        },
      ],
    })
  })

  test('5: listPartitionReassignments tells what is being moved, by the topic’s two names', async () => {
    const producer = setup.own(setup.kafka().producer())
    await producer.connect()
    await producer.send({ topic: 'orders', messages: [{ value: 'v', partition: 0 }] })
    await setup.cluster.stopBroker(3)
    const topics = [{ topic: 'orders', partitionAssignment: [{ partition: 0, replicas: [1, 3] }] }]
    await admin.alterPartitionReassignments({ topics })
    const moving = { partitionIndex: 0, replicas: [1, 3, 2], addingReplicas: [3], removingReplicas: [2] }
    const all = { topics: [{ topic: 'orders', name: 'orders', partitions: [moving] }] }
    expect(await admin.listPartitionReassignments({})).toEqual(all)
    const list = (partition: number) =>
      admin.listPartitionReassignments({
        topics: [{ topic: 'orders', partitions: [partition] }],
        timeout: 5000,
      })
    expect([await list(0), await list(1)]).toEqual([all, { topics: [] }])
  })
})
