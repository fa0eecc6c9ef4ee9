// Guards against an assignor that forgets a partition, gives it twice, or moves what could stay.
import { rangeAssignor } from '../../../../../src/testing/groups/consumer/assignors/range-assignor'
import type { AssignableGroup } from '../../../../../src/testing/groups/consumer/assignors/server-assignor'
import { uniformAssignor } from '../../../../../src/testing/groups/consumer/assignors/uniform-assignor'
import type { PartitionSet } from '../../../../../src/testing/groups/consumer/assignors/partition-sets'

interface Member {
  readonly id: string
  readonly topics: readonly string[]
  readonly has?: Readonly<Record<string, readonly number[]>>
  readonly instanceId?: string
}

function groupOf(counts: Readonly<Record<string, number>>, members: readonly Member[]): AssignableGroup {
  const subscriptions = new Set(members.map(({ topics }) => topics.join()))
  return {
    isHomogeneous: subscriptions.size === 1,
    partitionCount: (topicId) => counts[topicId] ?? 0,
    members: members.map(({ id, topics, has = {}, instanceId = null }) => ({
      memberId: id,
      instanceId,
      topicIds: new Set(topics),
      target: new Map(Object.entries(has).map(([topic, partitions]) => [topic, new Set(partitions)])),
    })),
  }
}

function plain(targets: ReadonlyMap<string, PartitionSet>): Record<string, Record<string, number[]>> {
  return Object.fromEntries(
    [...targets].map(([id, target]) => [
      id,
      Object.fromEntries(
        [...target].map(([topic, partitions]) => [topic, [...partitions].sort((a, b) => a - b)]),
      ),
    ]),
  )
}

function loads(targets: ReadonlyMap<string, PartitionSet>): number[] {
  return [...targets.values()].map((target) => [...target.values()].reduce((sum, { size }) => sum + size, 0))
}

describe('the range assignor', () => {
  test('gives neighbours of each topic to each member, static ones first', () => {
    const group = groupOf({ t: 5, u: 5 }, [
      { id: 'b', topics: ['t', 'u'] },
      { id: 'z', topics: ['t', 'u'], instanceId: 'i' },
    ])
    expect(plain(rangeAssignor.assign(group))).toEqual({
      z: { t: [0, 1, 2], u: [0, 1, 2] },
      b: { t: [3, 4], u: [3, 4] },
    })
  })

  test('counts only those who read a topic', () => {
    const group = groupOf({ t: 4, u: 1 }, [
      { id: 'a', topics: ['t'] },
      { id: 'b', topics: ['t', 'u'] },
    ])
    expect(plain(rangeAssignor.assign(group))).toEqual({ a: { t: [0, 1] }, b: { t: [2, 3], u: [0] } })
  })
})

describe('the uniform assignor', () => {
  test('keeps what members have up to their share, and gives only the rest away', () => {
    const group = groupOf({ t: 7 }, [
      { id: 'a', topics: ['t'], has: { t: [0, 1, 2, 3] } },
      { id: 'b', topics: ['t'], has: { t: [4, 5, 6] } },
      { id: 'c', topics: ['t'] },
    ])
    expect(plain(uniformAssignor.assign(group))).toEqual({
      a: { t: [0, 1, 2] },
      b: { t: [4, 5] },
      c: { t: [3, 6] },
    })
  })

  test('leaves the extra partition with the one who has it', () => {
    const group = groupOf({ t: 3 }, [
      { id: 'a', topics: ['t'], has: { t: [0] } },
      { id: 'b', topics: ['t'], has: { t: [1, 2] } },
    ])
    expect(plain(uniformAssignor.assign(group))).toEqual({ a: { t: [0] }, b: { t: [1, 2] } })
  })

  test('balances members that read different topics', () => {
    const group = groupOf({ t: 4, u: 4 }, [
      { id: 'a', topics: ['t'], has: { t: [0, 1, 2, 3] } },
      { id: 'b', topics: ['t', 'u'] },
      { id: 'c', topics: ['u'] },
    ])
    const targets = uniformAssignor.assign(group)
    expect(loads(targets).sort()).toEqual([2, 3, 3])
    expect(plain(targets)['a']?.['t']).toHaveLength(3)
  })

  test('gives every partition exactly once, as evenly as one, in random groups', () => {
    let state = 7
    const random = (below: number): number => (state = (state * 48271) % 0x7fffffff) % below
    for (let round = 0; round < 300; round++) {
      const topics = ['t', 'u', 'v'].slice(0, 1 + random(3))
      const counts = Object.fromEntries(topics.map((topic) => [topic, 1 + random(9)]))
      const isMixed = random(2) === 1
      const members = Array.from({ length: 1 + random(5) }, (_, i): Member => ({
        id: `m${i}`,
        topics: isMixed && i > 0 ? topics.slice(0, 1 + random(topics.length)) : topics,
      }))
      const before = uniformAssignor.assign(groupOf(counts, members.slice(0, 1 + random(members.length))))
      const has = plain(before)
      const targets = uniformAssignor.assign(
        groupOf(
          counts,
          members.map((member) => ({ ...member, has: has[member.id] ?? {} })),
        ),
      )
      const given = [...targets.values()].flatMap((target) =>
        [...target].flatMap(([topic, partitions]) =>
          [...partitions].map((partition) => `${topic}-${partition}`),
        ),
      )
      const all = topics.flatMap((topic) =>
        Array.from({ length: counts[topic] ?? 0 }, (_, p) => `${topic}-${p}`),
      )
      expect(given.sort()).toEqual(all.sort())
      if (!isMixed) expect(Math.max(...loads(targets)) - Math.min(...loads(targets))).toBeLessThanOrEqual(1)
    }
  })
})
