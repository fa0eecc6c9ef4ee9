// Guards against partitions that two members read at once, or nobody, whatever members do.
import { seededRandom } from '../../../../../src/testing/simulation/seeded-random'
import { GroupDriver } from './group-driver'

interface Member {
  epoch: number
  /** What it reads now. */
  readonly owned: Set<string>
  /** What it was told to have. */
  assigned: Set<string>
  /** An answer was lost: it says all of itself again, and is told all. */
  hasLost: boolean
}

describe('a KIP-848 group under random joins, leaves, silence and topic changes', () => {
  test.each(Array.from({ length: 40 }, (_, seed) => seed))(
    'gives everything to exactly one, seed %i',
    async (seed) => {
      const random = seededRandom(seed)
      const below = (n: number): number => Math.floor(random() * n)
      const group = new GroupDriver(below(2) === 0 ? {} : { 'group.consumer.assignment.interval.ms': '0' })
      const { topics } = group.cluster.services
      group.cluster.createTopic('t', 1 + below(5))
      group.cluster.createTopic('u', 1 + below(5))
      const members = new Map<string, Member>()
      const assignor = ['uniform', 'range'][below(2)] ?? 'uniform'
      let joined = 0

      function topicPartitions(owned: ReadonlySet<string>) {
        const ids = [...new Set([...owned].map((key) => key.split(':')[0] ?? ''))]
        return ids.map((topicId) => ({
          topicId,
          partitions: [...owned]
            .filter((key) => key.startsWith(topicId))
            .map((key) => Number(key.split(':')[1])),
        }))
      }

      async function beat(memberId: string, member: Member): Promise<void> {
        const saysAll = member.epoch === 0 || member.hasLost
        const response = await group.heartbeat({
          memberId,
          memberEpoch: member.epoch,
          topicPartitions: saysAll || below(3) > 0 ? topicPartitions(member.owned) : null,
          ...(saysAll ? { rebalanceTimeoutMs: 60_000, subscribedTopicNames: subscription(memberId) } : {}),
          ...(saysAll ? { serverAssignor: assignor } : {}),
        })
        if (response.errorCode !== 0) {
          members.delete(memberId)
          return
        }
        // Now and then an answer is lost: the member asks again with what it knew.
        member.hasLost = member.epoch > 0 && below(12) === 0
        if (member.hasLost) return
        member.epoch = response.memberEpoch
        if (response.assignment) {
          const all = response.assignment.topicPartitions.flatMap((one) =>
            one.partitions.map((p) => `${one.topicId}:${p}`),
          )
          member.assigned = new Set(all)
        }
        settle(member)
        checkNobodyShares()
      }

      /** Gives up first, takes then; what it gave up is told with the next heartbeat. */
      function settle({ owned, assigned }: Member): void {
        for (const key of [...owned]) if (!assigned.has(key)) owned.delete(key)
        for (const key of assigned) owned.add(key)
      }

      function checkNobodyShares(): void {
        const all = [...members.values()].flatMap(({ owned }) => [...owned])
        expect(all).toHaveLength(new Set(all).size)
      }

      const subscription = (memberId: string): string[] =>
        Number(memberId.slice(1)) % 3 === 0 ? ['t'] : ['t', 'u']

      for (let i = 0; i < 150; i++) {
        const dice = below(30)
        const ids = [...members.keys()]
        const someone = ids[below(ids.length)] ?? ''
        if (dice < 3 && members.size < 5) {
          members.set(`m${joined++}`, { epoch: 0, owned: new Set(), assigned: new Set(), hasLost: false })
        } else if (dice === 3 && someone !== '') {
          members.delete(someone)
          await group.heartbeat({ memberId: someone, memberEpoch: -1 })
        } else if (dice === 4 && someone !== '') {
          // It dies; its session ends only when time goes on, and nobody else is told to take over before.
          members.delete(someone)
        } else if (dice === 5) {
          const grown = topics.byName(below(2) === 0 ? 't' : 'u')
          if (grown !== undefined && grown.partitions.length < 9)
            topics.addPartitions(grown.name, grown.partitions.length + 1)
        } else if (dice < 9) {
          await group.cluster.clock.advance(500 * (1 + below(6)))
        } else if (someone !== '') {
          const member = members.get(someone)
          if (member !== undefined) await beat(someone, member)
        }
      }

      if (members.size === 0)
        members.set(`m1`, { epoch: 0, owned: new Set(), assigned: new Set(), hasLost: false })
      for (let round = 0; round < 40; round++) {
        for (const [memberId, member] of [...members]) await beat(memberId, member)
        await group.cluster.clock.advance(2_000)
      }
      const readers = new Set([...members.keys()].flatMap(subscription))
      const expected = [...readers].flatMap((name) => {
        const topic = topics.byName(name)
        return (topic?.partitions ?? []).map(({ index }) => `${topic?.id}:${index}`)
      })
      expect([...members.values()].flatMap(({ owned }) => [...owned]).sort()).toEqual(expected.sort())
      expect((await group.describe()).groupState).toBe('Stable')
      group.cluster.close()
    },
  )
})
