// Guards what changes under way in groups of the KIP-848 protocol: their protocol, their topics, and who works by
// transactions on what.
import { Kafka } from '../../src'
import { silentLogger } from '../../src/base/logger'
import { eventually } from '../support/eventually'
import { eventuallyShared } from '../support/watched-member'
import {
  closeAll,
  closers,
  committed,
  configs,
  Member,
  produce,
  start,
} from './support/consumer-protocol-setup'

afterEach(closeAll)

describe('a group of the KIP-848 protocol', () => {
  it('G6: a live group goes over to this protocol and back, member by member, and nothing is lost or done twice', async () => {
    const cluster = await start({
      configs: {
        ...configs,
        'group.consumer.migration.policy': 'bidirectional',
        'group.initial.rebalance.delay.ms': 0,
      },
    })
    const classic = { groupProtocol: 'classic', heartbeatIntervalMs: 50, sessionTimeoutMs: 6_000 } as const
    const members = [new Member(cluster, classic).run(), new Member(cluster, classic).run()]
    await eventuallyShared(members, [2, 2])
    const all = [...members]
    let sent = 0
    for (const protocol of ['consumer', 'classic'] as const) {
      for (const place of [0, 1]) {
        sent += (await produce(cluster, 20)).length
        await members[place]?.close()
        const next = new Member(cluster, protocol === 'classic' ? classic : {}).run()
        members[place] = next
        all.push(next)
        await eventuallyShared(members, [2, 2])
      }
      expect(cluster.group('billing')?.kind).toBe(protocol)
    }
    const handled = () => all.flatMap((member) => member.handled)
    await eventually(
      () => handled().length >= sent,
      () => `${handled().length} of ${sent}`,
    )
    await Promise.all(members.map((member) => member.close()))
    expect(handled()).toHaveLength(sent)
    expect(committed(cluster)).toBe(sent)
  })

  it('G12, G16: reads by a pattern that the brokers evaluate, and other topics from the moment it says so', async () => {
    const cluster = await start({
      topics: [
        { name: 'orders', partitions: 2 },
        { name: 'orders-eu', partitions: 1 },
        { name: 'clicks', partitions: 3 },
      ],
    })
    const member = new Member(cluster, { topics: [/^ORDERS/i] }).run()
    await eventuallyShared([member], [3])
    member.consumer.subscribe(['clicks'])
    await eventually(
      () => [...member.owned].sort().join() === 'clicks-0,clicks-1,clicks-2',
      () => member.events.join('; '),
    )
    expect(member.events.some((event) => event.startsWith('lost'))).toBe(false)
    const patterns = cluster.requests
      .filter({ api: 'ConsumerGroupHeartbeat' })
      .map(({ request }) => (request as { subscribedTopicRegex: string | null }).subscribedTopicRegex)
    expect(patterns.filter((pattern) => pattern !== null)).toEqual(['(?i)ORDERS.*', ''])
  })

  it('G12: tells the user of a pattern that brokers can not read', async () => {
    const cluster = await start()
    const member = new Member(cluster, { topics: [/^(?!orders)/] }).run()
    await eventually(
      () => member.failure !== undefined,
      () => member.events.join(),
    )
    expect(member.failure).toMatchObject({ code: 'INVALID_REGULAR_EXPRESSION' })
  })

  it('X5: members that work by transactions through a rebalance leave what every message led to once', async () => {
    const cluster = await start({
      topics: [
        { name: 'orders', partitions: 4 },
        { name: 'bills', partitions: 1 },
      ],
    })
    const values = await produce(cluster, 200)
    const copy = (name: string) => {
      const member = new Member(cluster, { autoCommit: false, isolationLevel: 'read_committed' })
      const producer = member.kafka.producer({ transactionalId: name })
      closers.push(() => producer.close())
      const running = member.consumer.processTransactionally(
        producer,
        async (batch, tx) => {
          await new Promise((resolve) => setTimeout(resolve, 5))
          await tx.send(
            'bills',
            batch.messages.map(({ value }) => ({ value: String(value) })),
          )
        },
        { maxMessages: 10 },
      )
      running.catch((error: unknown) => (member.failure = error))
      return { member, running }
    }
    const first = copy('till-1')
    await eventually(
      () => committed(cluster) > 0,
      () => String(first.member.failure),
    )
    const second = copy('till-2')
    await eventually(
      () => committed(cluster) === values.length,
      () => String([committed(cluster), first.member.failure, second.member.failure]),
    )
    await Promise.all([first.member.close(), second.member.close()])
    await Promise.all([first.running, second.running])
    const reader = new Kafka({ ...cluster.clientOptions(), logger: silentLogger }).consumer({
      assign: [{ topic: 'bills', partition: 0 }],
      startFrom: 'earliest',
      until: 'end',
      isolationLevel: 'read_committed',
    })
    const bills: string[] = []
    for await (const message of reader) bills.push(String(message.value))
    await reader.close()
    expect(bills.sort()).toEqual([...values].sort())
  })
})
