// Guards against calls that give up though they may be repeated, that repeat what must not be, or that are sent to
// brokers which do not know them.
import { UnsupportedVersionError, type Admin } from '../../src'
import type { BrokerApiName } from '../../src/testing'
import { openAdminCluster, type AdminCluster } from './support/admin-cluster'
import { errorOf } from './support/case-runner'

interface Row {
  readonly name: string
  readonly api: BrokerApiName
  readonly call: (admin: Admin) => Promise<unknown>
  /** What must be there before the call. */
  readonly before?: (test: AdminCluster) => Promise<unknown>
  /** What the caller hears after the first answer was lost: a result, or this error code. Default: a result. */
  readonly told?: string
  /** Requests that are sent in all then. Default: 2. */
  readonly sent?: number
}

const orders0 = { topic: 'orders', partition: 0 }
const acl = {
  resourceType: 'topic',
  resourceName: 'orders',
  principal: 'User:alice',
  operation: 'read',
  permission: 'allow',
} as const
const credential = { user: 'carol', mechanism: 'SCRAM-SHA-256' } as const

const voter = { nodeId: 2, directoryId: 'AAAAAAAAAAAAAAAAAAAAAQ' }
const endpoint = { listener: 'CONTROLLER', host: 'localhost', port: 9093 }

/** An offset makes the group; one transactional id is open. */
const group = ({ admin }: AdminCluster) =>
  admin.alterGroupOffsets([{ ...orders0, groupId: 'billing', offset: 1n }])
const shareGroup = ({ admin }: AdminCluster) =>
  admin.alterShareGroupOffsets([{ ...orders0, groupId: 'workers', startOffset: 0n }])
const producer = ({ admin }: AdminCluster) => admin.fenceProducers(['mover'])

const rows: readonly Row[] = [
  { name: 'createAcls', api: 'CreateAcls', call: (admin) => admin.createAcls([acl]) },
  { name: 'describeAcls', api: 'DescribeAcls', call: (admin) => admin.describeAcls({}) },
  { name: 'deleteAcls', api: 'DeleteAcls', call: (admin) => admin.deleteAcls([{}]) },
  {
    name: 'alterPartitionReassignments',
    api: 'AlterPartitionReassignments',
    call: (admin) => admin.alterPartitionReassignments([{ ...orders0, replicas: [1] }]),
  },
  {
    name: 'listPartitionReassignments',
    api: 'ListPartitionReassignments',
    call: (admin) => admin.listPartitionReassignments(),
  },
  { name: 'electLeaders', api: 'ElectLeaders', call: (admin) => admin.electLeaders('preferred', [orders0]) },
  {
    name: 'deleteGroupOffsets',
    api: 'OffsetDelete',
    before: group,
    call: (admin) => admin.deleteGroupOffsets([{ ...orders0, groupId: 'billing' }]),
  },
  {
    name: 'removeMembersFromGroup',
    api: 'LeaveGroup',
    before: group,
    call: (admin) => admin.removeMembersFromGroup('billing', [{ memberId: 'nobody' }]),
    told: 'UNKNOWN_MEMBER_ID',
  },
  {
    name: 'listShareGroupOffsets',
    api: 'DescribeShareGroupOffsets',
    call: (admin) => admin.listShareGroupOffsets([{ groupId: 'nobody' }]),
  },
  {
    name: 'alterShareGroupOffsets',
    api: 'AlterShareGroupOffsets',
    call: (admin) => admin.alterShareGroupOffsets([{ ...orders0, groupId: 'workers', startOffset: 0n }]),
  },
  {
    name: 'deleteShareGroupOffsets',
    api: 'DeleteShareGroupOffsets',
    before: shareGroup,
    call: (admin) => admin.deleteShareGroupOffsets([{ topic: 'orders', groupId: 'workers' }]),
  },
  {
    name: 'alterConfigs',
    api: 'AlterConfigs',
    call: (admin) => admin.alterConfigs([{ type: 'topic', name: 'orders', configs: { 'retention.ms': 1 } }]),
  },
  { name: 'describeLogDirs', api: 'DescribeLogDirs', call: (admin) => admin.describeLogDirs() },
  {
    name: 'alterReplicaLogDirs',
    api: 'AlterReplicaLogDirs',
    call: (admin) => admin.alterReplicaLogDirs([{ ...orders0, nodeId: 1, path: '/nowhere' }]),
    told: 'LOG_DIR_NOT_FOUND',
  },
  { name: 'describeMetadataQuorum', api: 'DescribeQuorum', call: (admin) => admin.describeMetadataQuorum() },
  {
    name: 'addRaftVoter',
    api: 'AddRaftVoter',
    call: (admin) => admin.addRaftVoter({ ...voter, endpoints: [endpoint] }),
    told: 'UNSUPPORTED_VERSION',
  },
  {
    name: 'removeRaftVoter',
    api: 'RemoveRaftVoter',
    call: (admin) => admin.removeRaftVoter(voter),
    told: 'UNSUPPORTED_VERSION',
  },
  {
    name: 'unregisterBroker',
    api: 'UnregisterBroker',
    call: (admin) => admin.unregisterBroker(9),
    told: 'BROKER_ID_NOT_REGISTERED',
  },
  {
    name: 'updateFeatures',
    api: 'UpdateFeatures',
    call: (admin) => admin.updateFeatures([{ feature: 'group.version', level: 0, type: 'safeDowngrade' }]),
  },
  {
    name: 'listConfigResources',
    api: 'ListConfigResources',
    call: (admin) => admin.listConfigResources(),
  },
  { name: 'listTransactions', api: 'ListTransactions', call: (admin) => admin.listTransactions() },
  {
    name: 'describeTransactions',
    api: 'DescribeTransactions',
    before: producer,
    call: (admin) => admin.describeTransactions(['mover']),
  },
  { name: 'fenceProducers', api: 'InitProducerId', call: (admin) => admin.fenceProducers(['mover']) },
  {
    name: 'describeProducers',
    api: 'DescribeProducers',
    call: (admin) => admin.describeProducers([orders0]),
  },
  {
    name: 'abortTransaction',
    api: 'WriteTxnMarkers',
    call: (admin) => admin.abortTransaction({ ...orders0, producerId: 5n, producerEpoch: 0 }),
    told: 'DISCONNECTED',
    sent: 1,
  },
  {
    name: 'describeClientQuotas',
    api: 'DescribeClientQuotas',
    call: (admin) => admin.describeClientQuotas({}),
  },
  {
    name: 'alterClientQuotas',
    api: 'AlterClientQuotas',
    call: (admin) => admin.alterClientQuotas([{ entity: { user: 'a' }, set: { producer_byte_rate: 1 } }]),
  },
  {
    name: 'describeUserScramCredentials',
    api: 'DescribeUserScramCredentials',
    call: (admin) => admin.describeUserScramCredentials('all'),
  },
  {
    name: 'alterUserScramCredentials',
    api: 'AlterUserScramCredentials',
    call: (admin) => admin.alterUserScramCredentials([{ ...credential, password: 'sesame' }]),
  },
  {
    name: 'alterUserScramCredentials (deletion)',
    api: 'AlterUserScramCredentials',
    before: async ({ admin, cluster }) => {
      await admin.alterUserScramCredentials([{ ...credential, password: 'sesame' }])
      cluster.requests.clear()
    },
    call: (admin) => admin.alterUserScramCredentials([{ ...credential, delete: true }]),
    told: 'RESOURCE_NOT_FOUND',
  },
  {
    name: 'createDelegationToken',
    api: 'CreateDelegationToken',
    call: (admin) => admin.createDelegationToken(),
    told: 'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED',
  },
  {
    name: 'renewDelegationToken',
    api: 'RenewDelegationToken',
    call: (admin) => admin.renewDelegationToken('aaaa'),
    told: 'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED',
  },
  {
    name: 'expireDelegationToken',
    api: 'ExpireDelegationToken',
    call: (admin) => admin.expireDelegationToken('aaaa'),
    told: 'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED',
  },
  {
    name: 'describeDelegationTokens',
    api: 'DescribeDelegationToken',
    call: (admin) => admin.describeDelegationTokens(),
    told: 'DELEGATION_TOKEN_REQUEST_NOT_ALLOWED',
  },
]

const options = { authorizer: { superUsers: ['User:ANONYMOUS'] } }

describe('an admin call', () => {
  it.each(rows)('whose answer is lost: $name', async ({ api, call, before, told, sent = 2 }) => {
    await using test = await openAdminCluster(options)
    await before?.(test)
    const already = test.count(api)
    test.cluster.faults.closeAfter(api, { times: 1 })
    const error = await errorOf(call(test.admin))
    expect((error as { code?: string } | undefined)?.code).toBe(told)
    expect(test.count(api) - already).toBe(sent)
  })

  it.each(rows)('of brokers that do not know it: $name', async ({ api, call, before }) => {
    await using test = await openAdminCluster(options)
    await before?.(test)
    test.cluster.limitVersions(api, 'none')
    test.cluster.cutConnections()
    const error = await errorOf(call(test.admin))
    expect(error).toBeInstanceOf(UnsupportedVersionError)
    expect((error as Error).message).toContain(api)
  })
})
