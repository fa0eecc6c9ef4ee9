// Guards who stands behind the offsets of a transaction: the member that has the partition, and nobody who lost it.
import { LocalMembers, type LocalMember } from '../../../src/kafkajs/group/local-members'

const at = (partition: number) => ({ topic: 't', partition, offset: 1n })

function member(groupId: string, memberId: string, ...partitions: number[]): LocalMember {
  return {
    groupId,
    isAssigned: ({ partition }) => partitions.includes(partition),
    groupMetadata: () => ({ groupId, memberId, generationId: 3, groupInstanceId: null }),
  }
}

function membersOf(...members: LocalMember[]): LocalMembers {
  const all = new LocalMembers()
  for (const one of members) all.add(one)
  return all
}

test('13.6: offsets are divided by the members that have their partitions', () => {
  const members = membersOf(member('g', 'a', 0, 1), member('g', 'b', 2), member('other', 'c', 0, 1, 2))
  const divided = [...members.byOwner('g', [at(0), at(2), at(1)])]
  expect(divided).toEqual([
    [expect.objectContaining({ groupId: 'g', memberId: 'a', generationId: 3 }), [at(0), at(1)]],
    [expect.objectContaining({ groupId: 'g', memberId: 'b' }), [at(2)]],
  ])
})

test('13.6: a group of which no member runs here stands for itself, also after its members are gone', () => {
  const only = member('g', 'a', 0)
  const members = membersOf(only)
  expect([...members.byOwner('other', [at(0)])]).toEqual([[{ groupId: 'other' }, [at(0)]]])
  members.remove(only)
  expect([...members.byOwner('g', [at(0)])]).toEqual([[{ groupId: 'g' }, [at(0)]]])
})

test('13.6: a partition that was taken from the members here is refused', () => {
  const members = membersOf(member('g', 'a', 0))
  expect(() => members.byOwner('g', [at(0), at(1)])).toThrow(
    expect.objectContaining({ name: 'KafkaJSProtocolError', type: 'REBALANCE_IN_PROGRESS' }),
  )
})
