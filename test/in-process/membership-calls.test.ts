// Guards what users say to their group themselves: a rebalance they ask for, and whether a close gives the place away.
import { InvalidArgumentError, Kafka, silentLogger } from '../../src'
import type { TestCluster } from '../../src/testing'
import { eventually } from '../support/eventually'
import { eventuallyShared } from '../support/watched-member'
import { closeAll, closers, Member, start } from './support/consumer-protocol-setup'

const membersOf = (cluster: TestCluster) => cluster.group('billing')?.members.length ?? 0
const reasonsOf = (cluster: TestCluster) =>
  cluster.requests.filter({ api: 'JoinGroup' }).map(({ request }) => request.reason)

afterEach(closeAll)

describe('enforceRebalance', () => {
  it('KIP-800: the classic member joins again and says why; with cooperative-sticky nothing is interrupted', async () => {
    const cluster = await start()
    const member = new Member(cluster, { groupProtocol: 'classic' }).run()
    await eventuallyShared([member], [4])
    const before = member.consumer.groupMetadata().generationId
    member.consumer.enforceRebalance('the map of regions has changed')
    await eventually(
      () => member.consumer.groupMetadata().generationId > before,
      () => 'no new generation',
    )
    expect(reasonsOf(cluster)).toContain('the map of regions has changed')
    expect(member.wasInterrupted).toBe(false)
  })

  it('K7 G15: leaves the decision to the broker with KIP-848, and is no error', async () => {
    const cluster = await start()
    const member = new Member(cluster).run()
    await eventuallyShared([member], [4])
    const sent = cluster.requests.filter({ api: 'ConsumerGroupHeartbeat' }).length
    member.consumer.enforceRebalance()
    await eventually(
      () => cluster.requests.filter({ api: 'ConsumerGroupHeartbeat' }).length > sent,
      () => 'no heartbeat',
    )
    expect(member.wasInterrupted).toBe(false)
    expect(member.failure).toBeUndefined()
  })

  it('is refused where partitions are given by hand', async () => {
    const cluster = await start()
    const kafka = new Kafka({ ...cluster.clientOptions(), logger: silentLogger })
    const consumer = kafka.consumer({ assign: ['orders'] })
    closers.push(() => consumer.close())
    expect(() => consumer.enforceRebalance()).toThrow(InvalidArgumentError)
  })
})

describe.each(['classic', 'consumer'] as const)('close, groupProtocol %s', (groupProtocol) => {
  it.each([
    ['a dynamic member leaves', undefined, undefined, 0],
    ['a dynamic member stays when asked to', undefined, false, 1],
    ['a static member stays', 'pod-1', undefined, 1],
    ['a static member leaves when asked to', 'pod-1', true, 0],
  ])('G7 KIP-1092: %s', async (_title, groupInstanceId, leaveGroup, left) => {
    const cluster = await start()
    const member = new Member(cluster, { groupProtocol, groupInstanceId }).run()
    await eventuallyShared([member], [4])
    await member.consumer.close(leaveGroup === undefined ? {} : { leaveGroup })
    expect(membersOf(cluster)).toBe(left)
  })
})
