// Guards against records that get lost, or are held by two members, whatever members, locks and leaders do.
import { seededRandom } from '../../../../../src/testing/simulation/seeded-random'
import { ShareDriver, of } from './share-driver'

const accept = 1
const release = 2

interface Session {
  broker: number
  epoch: number
  held: [first: number, last: number][]
}

describe('a share group under random members, silence and leader moves', () => {
  test.each(Array.from({ length: 25 }, (_, seed) => seed))(
    'loses nothing and shares nothing, seed %i',
    async (seed) => {
      const random = seededRandom(seed)
      const below = (n: number): number => Math.floor(random() * n)
      const group = new ShareDriver({ 'group.share.delivery.count.limit': '10' }, 2)
      const { services, clock } = group.cluster
      const topic = services.topics.create({ name: 't', assignments: new Map([[0, [1, 2]]]) })
      const partition = topic.partitions[0]
      const coordinator = services.coordinators.find('group', 'g').brokerId
      await group.heartbeat({ subscribedTopicNames: ['t'] }, { broker: coordinator })
      await clock.advance(1)

      const holders = new Map<number, { memberId: string; until: number }>()
      const accepted = new Set<number>()
      const sessions = new Map<string, Session>()
      let produced = 0

      async function step(memberId: string): Promise<void> {
        const leader = partition?.leaderId ?? 1
        let session = sessions.get(memberId)
        if (session === undefined || session.broker !== leader) {
          session = { broker: leader, epoch: 0, held: [] }
          sessions.set(memberId, session)
        }
        const now = session.held
        session.held = []
        const mayBeKept = session.epoch > 0 ? now.filter(() => below(10) > 1) : []
        const words = mayBeKept
          .sort((a, b) => a[0] - b[0])
          .map(([first, last]) => [first, last, below(3) > 0 ? accept : release] as [number, number, number])
        const taken = await group.take(
          {
            memberId,
            shareSessionEpoch: session.epoch,
            topics: of(topic, 0, ...words),
            maxRecords: 1 + below(6),
            shareAcquireMode: below(2),
          },
          { broker: leader },
        )
        expect(taken.errorCode).toBe(0)
        session.epoch++
        for (const [first, last, type] of words) {
          if (taken.partition?.acknowledgeErrorCode !== 0) continue
          for (let offset = first; offset <= last; offset++) {
            holders.delete(offset)
            // A late word on a record that is done passes for true; what counts is that nobody gets it again.
            if (type === accept) accepted.add(offset)
          }
        }
        for (const [first = 0, last = 0] of taken.acquired) {
          session.held.push([first, last])
          for (let offset = first; offset <= last; offset++) {
            const holder = holders.get(offset)
            expect(accepted.has(offset)).toBe(false)
            expect(holder === undefined || holder.until <= clock.now()).toBe(true)
            holders.set(offset, { memberId, until: clock.now() + 30_000 })
          }
        }
      }

      for (let i = 0; i < 120; i++) {
        const dice = below(20)
        if (dice < 4) group.produce(topic, 1 + below(4))
        else if (dice === 4) await clock.advance(below(40_000))
        else if (dice === 5) {
          partition?.moveLeader(partition.leaderId === 1 ? 2 : 1)
          holders.clear()
        } else await step(`m${below(3)}`)
      }
      produced = Number(partition?.logEndOffset ?? 0n)
      for (let round = 0; round < 400 && accepted.size < produced; round++) {
        await clock.advance(31_000)
        const leader = partition?.leaderId ?? 1
        const got = await group.take(
          { memberId: 'last', topics: of(topic), maxRecords: 1000 },
          { broker: leader },
        )
        if (got.acquired.length === 0) break
        const words = got.acquired.map(
          ([first = 0, last = 0]) => [first, last, accept] as [number, number, number],
        )
        await group.take(
          { memberId: 'last', shareSessionEpoch: 1, maxRecords: 0, topics: of(topic, 0, ...words) },
          { broker: leader },
        )
        for (const [first, last] of words)
          for (let offset = first; offset <= last; offset++) accepted.add(offset)
      }
      expect(accepted.size).toBe(produced)
      group.cluster.close()
    },
  )
})
