// Guards the types of admin calls: results per item can't be read before their error was looked at.
// Checked by tsc; a line that starts to compile though it must not is an error of its own.
import type { Admin } from '../../src/admin/admin'
import type { KafkaError } from '../../src/base/errors'

export async function adminTypes(admin: Admin): Promise<unknown[]> {
  const created = await admin.createTopics([
    { name: 'orders', configs: { 'retention.ms': 1, x: 2n, y: true } },
  ])
  const partitions: number | null | undefined = created[0]?.partitions

  const results = await admin.createTopics([{ name: 'orders' }], { partial: true, timeoutMs: 5 })
  const names: string[] = results.map(({ name }) => name)
  const errors: (KafkaError | null)[] = results.map(({ error }) => error)
  const counts = results.map((result) => (result.error === null ? result.partitions : result.error.code))
  // @ts-expect-error the topic may not have been created
  const early = results[0]?.partitions

  const [offset] = await admin.listOffsets([{ topic: 'orders', partition: 0, at: { timestamp: 5 } }])
  const value: bigint | null | undefined = offset?.offset
  // @ts-expect-error not an offset that can be asked for
  await admin.listOffsets([{ topic: 'orders', partition: 0, at: 'newest' }])
  // @ts-expect-error offsets are bigint
  await admin.deleteRecords([{ topic: 'orders', partition: 0, beforeOffset: 5 }])
  // @ts-expect-error not an option of this call
  await admin.deleteGroups(['billing'], { validateOnly: true })
  // @ts-expect-error a misspelt field
  await admin.createTopics([{ name: 'orders', partition: 5 }])
  // @ts-expect-error not a state of a group
  await admin.listGroups({ states: ['stable'] })

  const groups = await admin.listGroups()
  const brokers = await admin.listGroups({ partial: true })
  const types = groups.map(({ type }) => type === 'consumer')
  const nodes: number[] = brokers.map(({ nodeId }) => nodeId)
  const acls = await admin.describeAcls({ resourceType: 'topic', patternType: 'match' })
  await admin.createAcls(acls)
  const alice = {
    resourceType: 'topic',
    resourceName: 'orders',
    principal: 'User:a',
    permission: 'allow',
  } as const
  // @ts-expect-error not an operation
  await admin.createAcls([{ ...alice, operation: 'reed' }])
  // @ts-expect-error what this client does not know can't be asked for
  await admin.describeAcls({ resourceType: 'unknown' })
  // @ts-expect-error a member has one name
  await admin.removeMembersFromGroup('billing', [{ memberId: 'a', groupInstance: 'b' }])
  await admin.removeMembersFromGroup('billing', 'all')
  // @ts-expect-error either a password or a deletion
  await admin.alterUserScramCredentials([{ user: 'a', mechanism: 'SCRAM-SHA-256' }])
  // @ts-expect-error an exact match has a name
  await admin.describeClientQuotas({ components: [{ type: 'user', match: 'exact' }] })
  // @ts-expect-error not an election
  await admin.electLeaders('clean', 'all')
  const moved = await admin.electLeaders('preferred', 'all', { partial: true })
  // @ts-expect-error the election may have failed
  const elected = moved[0]?.elected
  const leaders = moved.map((one) => (one.error === null ? one.elected : one.error.code))

  return [elected, leaders, partitions, names, errors, counts, early, value, types, nodes]
}
