// Guards against groups that only work among clients of one kind: members of this package and of the Java client share
// groups on real Kafka, come and go, lead and are led, and are moved to other assignors, without losing or repeating.
import { describeEachKafka, describeEachKafkaCluster } from './support/describe-kafka'
import { JavaMembers } from './support/java-members'
import { MixedGroup, type MixedMember } from './support/mixed-group'
import { quickGroups } from './support/quick-groups'

const limitMs = 60_000

describeEachKafka(
  'groups with members of this package and of the Java client',
  (kafka) => {
    let java: JavaMembers
    beforeAll(async () => {
      java = await JavaMembers.start(kafka)
    }, limitMs)
    afterAll(() => java?.stop())

    it.each(['range', 'roundrobin', 'sticky', 'cooperative-sticky'] as const)(
      'G4, G5, L15: share a topic by %s while members of either kind join, lead and leave, and handle everything once',
      async (assignor) => {
        const assignors = [assignor]
        await MixedGroup.with(kafka, java, async (group) => {
          const first = group.ours({ assignors })
          await group.sharedBy(first)
          // The first to join leads.
          const second = group.java({ assignors })
          await group.sharedBy(first, second)
          await first.close()
          await group.sharedBy(second)
          // With nobody else left, Java leads.
          const third = group.ours({ assignors })
          await group.sharedBy(second, third)
          const fourth = group.java({ assignors })
          await group.sharedBy(second, third, fourth)
          await second.close()
          await group.sharedBy(third, fourth)
          await group.expectExactlyOnce()
        })
      },
      limitMs,
    )

    it(
      'G6, L15: go from eager to cooperative by two rounds of restarts, while the group goes on',
      async () => {
        await MixedGroup.with(kafka, java, async (group) => {
          const members: MixedMember[] = [
            group.ours({ assignors: ['range'] }),
            group.java({ assignors: ['range'] }),
            group.ours({ assignors: ['range'] }),
          ]
          await group.sharedBy(...members)
          expect(await group.inUse()).toBe('classic range')
          await group.roll(members, { assignors: ['cooperative-sticky', 'range'] })
          expect(await group.inUse()).toBe('classic cooperative-sticky')
          await group.roll(members, { assignors: ['cooperative-sticky'] })
          // It is cooperative now: a newcomer takes from the others only what it gets.
          const revoked = group.watchRevocations()
          const newcomer = group.java({ assignors: ['cooperative-sticky'] })
          await group.sharedBy(...members, newcomer)
          expect(revoked().sort()).toEqual([...newcomer.owned].sort())
          await group.expectExactlyOnce()
          expect(group.longestPauseMs).toBeLessThan(5_000)
        })
      },
      limitMs,
    )

    it(
      'G6: go from range to sticky by two rounds of restarts',
      async () => {
        await MixedGroup.with(kafka, java, async (group) => {
          const members: MixedMember[] = [
            group.java({ assignors: ['range'] }),
            group.ours({ assignors: ['range'] }),
          ]
          await group.sharedBy(...members)
          await group.roll(members, { assignors: ['sticky', 'range'] })
          await group.roll(members, { assignors: ['sticky'] })
          expect(await group.inUse()).toBe('classic sticky')
          await group.expectExactlyOnce()
        })
      },
      limitMs,
    )

    it(
      'G7: keep what static members of either kind had, when they are restarted within the session',
      async () => {
        const assignors = ['range'] as const
        await MixedGroup.with(kafka, java, async (group) => {
          const ours = group.ours({ assignors, groupInstanceId: 'ours' })
          await group.sharedBy(ours)
          const theirs = group.java({ assignors, groupInstanceId: 'java' })
          await group.sharedBy(ours, theirs)
          const [oursHad, theirsHad] = [[...ours.owned], [...theirs.owned]]
          const seen = [ours.events.length, theirs.events.length]
          await ours.close()
          const oursAgain = group.ours({ assignors, groupInstanceId: 'ours' })
          await group.sharedBy(oursAgain, theirs)
          expect([...oursAgain.owned]).toEqual(oursHad)
          expect(theirs.events).toHaveLength(seen[1] ?? 0)
          await theirs.close()
          const theirsAgain = group.java({ assignors, groupInstanceId: 'java' })
          await group.sharedBy(oursAgain, theirsAgain)
          expect([...theirsAgain.owned]).toEqual(theirsHad)
          expect(oursAgain.events).toHaveLength(1)
          await group.expectExactlyOnce()
        })
      },
      limitMs,
    )

    it('C14: commit offset, leader epoch and metadata as Java reads them, and read what Java committed', async () => {
      await MixedGroup.with(
        kafka,
        java,
        async (group) => {
          const theirs = group.java()
          await group.sharedBy(theirs)
          const sent = BigInt(await group.drain())
          const reader = group.ours({ autoCommit: false })
          await group.sharedBy(reader)
          const key = `${group.topic}-0`
          expect((await java.committed(group.id)).get(key)).toEqual({
            offset: sent,
            leaderEpoch: 0,
            metadata: `by ${theirs.name}`,
          })
          const partition = { topic: group.topic, partition: 0 }
          const [committed] = await reader.consumer.committed([partition])
          expect(committed?.committed).toEqual({
            offset: sent,
            leaderEpoch: 0,
            metadata: `by ${theirs.name}`,
          })
          await reader.consumer.commit([
            { ...partition, offset: sent - 1n, leaderEpoch: 0, metadata: 'checked' },
          ])
          expect((await java.committed(group.id)).get(key)).toEqual({
            offset: sent - 1n,
            leaderEpoch: 0,
            metadata: 'checked',
          })
        },
        1,
      )
    }, 60_000)
  },
  { needs: ['java'] },
)

describeEachKafkaCluster(
  'groups of the KIP-848 protocol with members of this package and of the Java client',
  { versions: ['4.3.1'], brokerConfig: quickGroups },
  (kafka) => {
    const groupProtocol = 'consumer'
    let java: JavaMembers
    beforeAll(async () => {
      java = await JavaMembers.start(kafka)
    }, limitMs)
    afterAll(() => java?.stop())

    it.each(['uniform', 'range'] as const)(
      "G5, G11, G15, L15: share a topic by the broker's assignor %s while members of either kind come and go, and handle everything once",
      async (groupRemoteAssignor) => {
        const options = { groupProtocol, groupRemoteAssignor } as const
        await MixedGroup.with(kafka, java, async (group) => {
          const first = group.java(options)
          await group.sharedBy(first)
          const second = group.ours(options)
          const third = group.java(options)
          await group.sharedBy(first, second, third)
          expect(await group.inUse()).toBe(`consumer ${groupRemoteAssignor}`)
          await first.close()
          await group.sharedBy(second, third)
          const revoked = group.watchRevocations()
          const fourth = group.ours(options)
          await group.sharedBy(second, third, fourth)
          // Sticky: the others gave up nothing but what the newcomer has.
          if (groupRemoteAssignor === 'uniform') {
            expect(revoked().sort()).toEqual([...fourth.owned].sort())
          }
          await third.close()
          await group.sharedBy(second, fourth)
          await group.expectExactlyOnce()
        })
      },
      limitMs,
    )

    it.each(['range', 'cooperative-sticky'] as const)(
      'G6, L15: move from the classic protocol with %s to KIP-848 and back, one member at a time, while messages flow',
      async (assignor) => {
        const classic = { groupProtocol: 'classic', assignors: [assignor] } as const
        await MixedGroup.with(kafka, java, async (group) => {
          const members: MixedMember[] = [group.ours(classic), group.java(classic), group.ours(classic)]
          await group.sharedBy(...members)
          await group.roll(members, { groupProtocol })
          expect(await group.inUse()).toBe('consumer uniform')
          await group.roll(members, classic)
          expect(await group.inUse()).toBe(`classic ${assignor}`)
          await group.expectExactlyOnce()
          expect(group.longestPauseMs).toBeLessThan(5_000)
        })
      },
      limitMs,
    )

    it(
      'G7: keep what static members of either kind had, when they are restarted within the session',
      async () => {
        await MixedGroup.with(kafka, java, async (group) => {
          const ours = group.ours({ groupProtocol, groupInstanceId: 'ours' })
          const theirs = group.java({ groupProtocol, groupInstanceId: 'java' })
          await group.sharedBy(ours, theirs)
          const [oursHad, theirsHad] = [[...ours.owned].sort(), [...theirs.owned].sort()]
          const seen = theirs.events.length
          await ours.close()
          const oursAgain = group.ours({ groupProtocol, groupInstanceId: 'ours' })
          await group.sharedBy(oursAgain, theirs)
          expect([...oursAgain.owned].sort()).toEqual(oursHad)
          expect(theirs.events).toHaveLength(seen)
          await theirs.close()
          const theirsAgain = group.java({ groupProtocol, groupInstanceId: 'java' })
          await group.sharedBy(oursAgain, theirsAgain)
          expect([...theirsAgain.owned].sort()).toEqual(theirsHad)
          expect(oursAgain.wasInterrupted).toBe(false)
          await group.expectExactlyOnce()
        })
      },
      limitMs,
    )
  },
)
