// Guards the bytes that members of a group exchange: assigners of other packages read and write them.
import { AssignerProtocol } from '../../../src/kafkajs/group/assigner-protocol'
import { PartitionAssigners } from '../../../src/kafkajs/consumer/partition-assigners'
import type { Cluster } from '../../../src/kafkajs/types/cluster'

const { MemberMetadata, MemberAssignment } = AssignerProtocol

describe('9.2 AssignerProtocol', () => {
  test("9.2: what a member says has KafkaJS's bytes, and is read back", () => {
    const metadata = { version: 1, topics: ['a', 'bä'], userData: Buffer.from('x') }
    const bytes = MemberMetadata.encode(metadata)
    expect(bytes.toString('hex')).toBe('000100000002000161000362c3a40000000178')
    expect(MemberMetadata.decode(bytes)).toEqual(metadata)
  })

  test("9.2: an assignment has KafkaJS's bytes, and is read back", () => {
    const assignment = { version: 1, assignment: { t: [0, 2], u: [] }, userData: Buffer.alloc(0) }
    const bytes = MemberAssignment.encode(assignment)
    expect(bytes.toString('hex')).toBe(
      '00010000000200017400000002000000000000000200017500000000' + '00000000',
    )
    expect(MemberAssignment.decode(bytes)).toEqual(assignment)
  })

  test('9.2: an assignment of no bytes is none', () => {
    expect(MemberAssignment.decode(Buffer.alloc(0))).toBeNull()
  })

  test('9.2: without user data there are no bytes of it', () => {
    const bytes = MemberMetadata.encode({ version: 0, topics: [] } as never)
    expect(MemberMetadata.decode(bytes)?.userData).toEqual(Buffer.alloc(0))
  })

  test('9.2: bytes that end early, or announce more than there is, are refused', () => {
    const bytes = MemberAssignment.encode({ version: 0, assignment: { t: [1] }, userData: Buffer.from('u') })
    for (let length = 2; length < bytes.length; length++) {
      expect(() => MemberAssignment.decode(bytes.subarray(0, length))).toThrow(
        'end before what they announce',
      )
    }
    expect(() => MemberMetadata.decode(Buffer.from('00007fffffff', 'hex'))).toThrow('announce')
  })
})

describe('9.2 RoundRobinAssigner', () => {
  const counts: Record<string, number> = { a: 3, b: 2 }
  const cluster = {
    findTopicPartitionMetadata: (topic: string) =>
      Array.from({ length: counts[topic] ?? 0 }, (_, partitionId) => ({
        partitionErrorCode: 0,
        partitionId,
        leader: 1,
        replicas: [1],
        isr: [1],
      })),
  } as Partial<Cluster> as Cluster
  const assigner = PartitionAssigners.roundRobin({ cluster, groupId: 'g', logger: undefined as never })

  test('9.2: partitions are dealt out in turn to the members by their ids', async () => {
    const members = ['z', 'b'].map((memberId) => ({ memberId, memberMetadata: Buffer.alloc(0) }))
    const assigned = await assigner.assign({ members, topics: ['a', 'b'] })
    const byMember = assigned.map(({ memberId, memberAssignment }) => [
      memberId,
      MemberAssignment.decode(memberAssignment)?.assignment,
    ])
    expect(Object.fromEntries(byMember)).toEqual({ b: { a: [0, 2], b: [1] }, z: { a: [1], b: [0] } })
  })

  test('9.2: a member with nothing is left out; name and version are what members of KafkaJS say', async () => {
    const members = ['1', '2', '3'].map((memberId) => ({ memberId, memberMetadata: Buffer.alloc(0) }))
    const assigned = await assigner.assign({ members, topics: ['b'] })
    expect(assigned.map(({ memberId }) => memberId)).toEqual(['1', '2'])
    const { name, metadata } = assigner.protocol({ topics: ['a'] })
    expect(name).toBe('RoundRobinAssigner')
    expect(metadata.toString('hex')).toBe('00000000000100016100000000')
    expect(assigner.version).toBe(0)
  })
})
