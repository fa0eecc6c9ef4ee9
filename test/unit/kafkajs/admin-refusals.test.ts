// Guards against arguments that are sent to a broker, or refused in other words than programs look for: nothing here
// reaches a network.
import {
  AclOperationTypes,
  AclPermissionTypes,
  AclResourceTypes,
  ResourcePatternTypes,
} from '../../../src/kafkajs/enums'
import { Kafka } from '../../../src/kafkajs/kafka'
import type { AclEntry, Admin } from '../../../src/kafkajs/types/admin'
import { rejectionOf } from '../../support/rejection'

const admin = new Kafka({ brokers: ['127.0.0.1:1'], logCreator: () => () => {} }).admin()

async function refuses(_: string, call: (admin: Admin) => Promise<unknown>, message: string): Promise<void> {
  const error = await rejectionOf(call(admin))
  expect(error).toMatchObject({ name: 'KafkaJSNonRetriableError', message, retriable: false })
}

describe('5 what it refuses', () => {
  const cases: [string, (admin: Admin) => Promise<unknown>, string][] = [
    ['createTopics', (a) => a.createTopics({ topics: 'x' as never }), 'Invalid topics array x'],
    [
      'createTopics',
      (a) => a.createTopics({ topics: [{ topic: 4 as never }] }),
      'Invalid topics array, the topic names have to be a valid string',
    ],
    [
      'createTopics',
      (a) => a.createTopics({ topics: [{ topic: 'a' }, { topic: 'a' }] }),
      'Invalid topics array, it cannot have multiple entries for the same topic',
    ],
    [
      'createTopics',
      (a) => a.createTopics({ topics: [{ topic: 'a', configEntries: {} as never }] }),
      'Invalid configEntries for topic "a", must be an array',
    ],
    [
      'createTopics',
      (a) => a.createTopics({ topics: [{ topic: 'a', configEntries: [null as never] }] }),
      'Invalid configEntries for topic "a". Entry 0 must be an object',
    ],
    [
      'createTopics',
      (a) => a.createTopics({ topics: [{ topic: 'a', configEntries: [{ name: 'x' } as never] }] }),
      'Invalid configEntries for topic "a". Entry 0 must have a valid "value" property',
    ],
    [
      'createPartitions',
      (a) => a.createPartitions({ topicPartitions: null as never }),
      'Invalid topic partitions array null',
    ],
    ['createPartitions', (a) => a.createPartitions({ topicPartitions: [] }), 'Empty topic partitions array'],
    ['deleteTopics', (a) => a.deleteTopics({ topics: undefined as never }), 'Invalid topics array undefined'],
    [
      'deleteTopics',
      (a) => a.deleteTopics({ topics: [1 as never] }),
      'Invalid topics array, the names must be a valid string',
    ],
    ['fetchTopicOffsets', (a) => a.fetchTopicOffsets(''), 'Invalid topic '],
    [
      'fetchTopicOffsetsByTimestamp',
      (a) => a.fetchTopicOffsetsByTimestamp(null as never),
      'Invalid topic null',
    ],
    ['fetchOffsets', (a) => a.fetchOffsets({ groupId: '' }), 'Invalid groupId '],
    [
      'fetchOffsets',
      (a) => a.fetchOffsets({ groupId: 'g', topics: 't' as never }),
      'Expected topics array to be set',
    ],
    ['setOffsets', (a) => a.setOffsets({ groupId: 'g', topic: 't', partitions: [] }), 'Invalid partitions'],
    ['resetOffsets', (a) => a.resetOffsets({ groupId: 'g', topic: '', earliest: true }), 'Invalid topic '],
    [
      'describeConfigs',
      (a) => a.describeConfigs({ resources: [], includeSynonyms: false }),
      'Resources array cannot be empty',
    ],
    [
      'describeConfigs',
      (a) => a.describeConfigs({ resources: [{ type: 99, name: 'x' }] as never, includeSynonyms: false }),
      'Invalid resource type 99: {"type":99,"name":"x"}',
    ],
    [
      'alterConfigs',
      (a) => a.alterConfigs({ resources: [{ type: 2, name: 'x' }] as never, validateOnly: false }),
      'Invalid resource configEntries undefined: {"type":2,"name":"x"}',
    ],
    ['deleteGroups', (a) => a.deleteGroups('g' as never), 'Invalid groupIds array g'],
    ['deleteTopicRecords', (a) => a.deleteTopicRecords({ topic: '', partitions: [] }), 'Invalid topic ""'],
    ['deleteTopicRecords', (a) => a.deleteTopicRecords({ topic: 't', partitions: [] }), 'Invalid partitions'],
    [
      'createTopics',
      (a) => a.createTopics({ topics: [{ topic: 'a', configEntries: [{ value: 'x' } as never] }] }),
      'Invalid configEntries for topic "a". Entry 0 must have a valid "name" property',
    ],
    [
      'createPartitions',
      (a) => a.createPartitions({ topicPartitions: [{ topic: 1 as never, count: 2 }] }),
      'Invalid topic partitions array, the topic names have to be a valid string',
    ],
    [
      'createPartitions',
      (a) => {
        const topicPartitions = [1, 2].map((count) => ({ topic: 'a', count }))
        return a.createPartitions({ topicPartitions })
      },
      'Invalid topic partitions array, it cannot have multiple entries for the same topic',
    ],
    ['fetchTopicMetadata', (a) => a.fetchTopicMetadata({ topics: [''] }), 'Invalid topic '],
    ['setOffsets', (a) => a.setOffsets({ groupId: '', topic: 't', partitions: [] }), 'Invalid groupId '],
    ['setOffsets', (a) => a.setOffsets({ groupId: 'g', topic: '', partitions: [] }), 'Invalid topic '],
    [
      'resetOffsets',
      (a) => a.resetOffsets({ groupId: null as never, topic: 't', earliest: true }),
      'Invalid groupId null',
    ],
    [
      'describeConfigs',
      (a) => a.describeConfigs({ resources: 'x' as never, includeSynonyms: false }),
      'Invalid resources array x',
    ],
    [
      'describeConfigs',
      (a) => a.describeConfigs({ resources: [{ type: 2, name: '' }], includeSynonyms: false }),
      'Invalid resource name : {"type":2,"name":""}',
    ],
    [
      'describeConfigs',
      (a) =>
        a.describeConfigs({
          resources: [{ type: 2, name: 'x', configNames: 'y' as never }],
          includeSynonyms: false,
        }),
      'Invalid resource configNames y: {"type":2,"name":"x","configNames":"y"}',
    ],
    [
      'alterConfigs',
      (a) => a.alterConfigs({ resources: [], validateOnly: false }),
      'Resources array cannot be empty',
    ],
    ['deleteGroups, 13.22', (a) => a.deleteGroups([1 as never]), 'Invalid groupId name: 1'],
  ]

  test.each(cases)('5: %s', refuses)
})

const entry: AclEntry = {
  resourceType: AclResourceTypes.TOPIC,
  resourceName: 'orders',
  resourcePatternType: ResourcePatternTypes.LITERAL,
  principal: 'User:alice',
  host: '*',
  operation: AclOperationTypes.READ,
  permissionType: AclPermissionTypes.ALLOW,
}

describe('5 what it refuses of ACLs', () => {
  const text = JSON.stringify({ ...entry, operation: 99 })
  const create = (wrong: object) => (a: Admin) => a.createAcls({ acl: [{ ...entry, ...wrong }] })
  const remove = (wrong: object) => (a: Admin) => a.deleteAcls({ filters: [{ ...entry, ...wrong }] })
  const describeAll = (wrong: object) => (a: Admin) => a.describeAcls({ ...entry, ...wrong })
  const shown = (wrong: object) => JSON.stringify({ ...entry, ...wrong })
  const cases: [string, (admin: Admin) => Promise<unknown>, string][] = [
    ['createAcls', (a) => a.createAcls({ acl: 'x' as never }), 'Invalid ACL array x'],
    ['createAcls', (a) => a.createAcls({ acl: [] }), 'Empty ACL array'],
    ['createAcls', create({ principal: 1 }), 'Invalid ACL array, the principals have to be a valid string'],
    ['createAcls', create({ host: null }), 'Invalid ACL array, the hosts have to be a valid string'],
    [
      'createAcls',
      create({ resourceName: undefined }),
      'Invalid ACL array, the resourceNames have to be a valid string',
    ],
    ['createAcls', create({ operation: 99 }), `Invalid operation type 99: ${text}`],
    [
      'createAcls',
      create({ resourcePatternType: 9 }),
      `Invalid resource pattern type 9: ${shown({ resourcePatternType: 9 })}`,
    ],
    [
      'createAcls',
      create({ permissionType: 9 }),
      `Invalid permission type 9: ${shown({ permissionType: 9 })}`,
    ],
    ['createAcls', create({ resourceType: 9 }), `Invalid resource type 9: ${shown({ resourceType: 9 })}`],
    [
      'describeAcls',
      describeAll({ principal: null }),
      'Invalid principal, the principal have to be a valid string',
    ],
    ['describeAcls', describeAll({ host: 4 }), 'Invalid host, the host have to be a valid string'],
    [
      'describeAcls',
      describeAll({ resourceName: 4 }),
      'Invalid resourceName, the resourceName have to be a valid string',
    ],
    ['describeAcls', describeAll({ operation: undefined }), 'Invalid operation type undefined'],
    ['describeAcls', describeAll({ resourcePatternType: 9 }), 'Invalid resource pattern filter type 9'],
    ['describeAcls', describeAll({ permissionType: 9 }), 'Invalid permission type 9'],
    ['describeAcls', describeAll({ resourceType: 9 }), 'Invalid resource type 9'],
    ['deleteAcls', (a) => a.deleteAcls({ filters: null as never }), 'Invalid ACL Filter array null'],
    ['deleteAcls', (a) => a.deleteAcls({ filters: [] }), 'Empty ACL Filter array'],
    [
      'deleteAcls',
      remove({ principal: 1 }),
      'Invalid ACL Filter array, the principals have to be a valid string',
    ],
    ['deleteAcls', remove({ host: 1 }), 'Invalid ACL Filter array, the hosts have to be a valid string'],
    [
      'deleteAcls',
      remove({ resourceName: 1 }),
      'Invalid ACL Filter array, the resourceNames have to be a valid string',
    ],
    ['deleteAcls', remove({ operation: 99 }), `Invalid operation type 99: ${text}`],
    [
      'deleteAcls',
      remove({ resourcePatternType: 9 }),
      `Invalid resource pattern type 9: ${shown({ resourcePatternType: 9 })}`,
    ],
    [
      'deleteAcls',
      remove({ permissionType: 9 }),
      `Invalid permission type 9: ${shown({ permissionType: 9 })}`,
    ],
    ['deleteAcls', remove({ resourceType: 9 }), `Invalid resource type 9: ${shown({ resourceType: 9 })}`],
  ]

  test.each(cases)('5: %s', refuses)
})

describe('5 what it refuses of reassignments', () => {
  const alter = (partitionAssignment: unknown) => (a: Admin) =>
    a.alterPartitionReassignments({ topics: [{ topic: 't', partitionAssignment }] as never })
  const list = (partitions: unknown) => (a: Admin) =>
    a.listPartitionReassignments({ topics: [{ topic: 't', partitions }] as never })
  const twice = [
    { topic: 't', partitionAssignment: [], partitions: [] },
    { topic: 't', partitionAssignment: [], partitions: [] },
  ]
  const cases: [string, (admin: Admin) => Promise<unknown>, string][] = [
    [
      'alterPartitionReassignments',
      (a) => a.alterPartitionReassignments({ topics: 'x' as never }),
      'Invalid topics array x',
    ],
    [
      'alterPartitionReassignments',
      (a) => a.alterPartitionReassignments({ topics: [{ topic: 1 as never, partitionAssignment: [] }] }),
      'Invalid topics array, the topic names have to be a valid string',
    ],
    [
      'alterPartitionReassignments',
      (a) => a.alterPartitionReassignments({ topics: twice }),
      'Invalid topics array, it cannot have multiple entries for the same topic',
    ],
    ['alterPartitionReassignments', alter('x'), 'Invalid partitions array: x for topic: t'],
    [
      'alterPartitionReassignments',
      alter([{ partition: -1, replicas: [1] }]),
      'Invalid partitions index: -1 for topic: t',
    ],
    [
      'alterPartitionReassignments',
      alter([{ replicas: [1] }]),
      'Invalid partitions index: undefined for topic: t',
    ],
    [
      'alterPartitionReassignments',
      alter([{ partition: 0, replicas: 'x' }]),
      'Invalid replica assignment: x for topic: t on partition: 0',
    ],
    [
      'alterPartitionReassignments',
      alter([{ partition: 0, replicas: [1, -1] }]),
      'Invalid replica assignment: 1,-1 for topic: t on partition: 0. Replicas must be a non negative number',
    ],
    [
      'listPartitionReassignments',
      (a) => a.listPartitionReassignments({ topics: 'x' as never }),
      'Invalid topics array x',
    ],
    [
      'listPartitionReassignments',
      (a) => a.listPartitionReassignments({ topics: [{ topic: 1 as never, partitions: [] }] }),
      'Invalid topics array, the topic names have to be a valid string',
    ],
    [
      'listPartitionReassignments',
      (a) => a.listPartitionReassignments({ topics: twice }),
      'Invalid topics array, it cannot have multiple entries for the same topic',
    ],
    ['listPartitionReassignments', list(undefined), 'Invalid partition array: undefined for topic: t'],
    [
      'listPartitionReassignments',
      list([0, 'x']),
      'Invalid partition array: 0,x for topic: t. The partition indices have to be a valid number greater than 0.',
    ],
  ]

  test.each(cases)('5: %s', refuses)
})

test('7: listeners of events that there are not', () => {
  expect(() => admin.on('admin.nothing' as never, () => {})).toThrow(
    'Event name should be one of admin.events.CONNECT, ',
  )
})
