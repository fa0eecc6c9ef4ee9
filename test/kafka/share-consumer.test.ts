// Guards against share consumers that only the broker of our own making understands: Kafka's own brokers hold the locks,
// Java's share consumer works in the same groups, and Kafka's tool says where the groups stand.
import { describeEachKafkaCluster } from './support/describe-kafka'
import { eventuallyGot, SharedWork, type ShareWorker } from './support/share-workers'
import { eventually } from '../support/eventually'

const limitMs = 60_000
const lockMs = 2_000

const cluster = {
  nodes: 3,
  versions: ['4.3.1'],
  brokerConfig: {
    'group.share.min.record.lock.duration.ms': '1000',
    'group.share.record.lock.duration.ms': String(lockMs),
    'group.share.min.heartbeat.interval.ms': '200',
    'group.share.heartbeat.interval.ms': '500',
    'group.share.assignment.interval.ms': '0',
  },
} as const

/** Values of one kind, numbered. */
const some = (what: string, count: number) => Array.from({ length: count }, (_, index) => `${what}-${index}`)
const sum = (workers: readonly ShareWorker[]) => workers.reduce((all, { taken }) => all + taken, 0)

describeEachKafkaCluster('share consumers', cluster, (kafka) => {
  const test = (title: string, body: (work: SharedWork) => Promise<void>) =>
    it(
      title,
      async () => {
        const work = new SharedWork(kafka)
        try {
          await body(work)
        } finally {
          await work.close()
        }
      },
      limitMs,
    )

  test("S1: get, accept, release, reject and renew the same as Java's, to the limit of deliveries", async (work) => {
    const theirs = `${work.groupId}-java`
    await work.prepare(1, [work.groupId, theirs])
    const values = ['plain-0', 'release-1', 'reject-2', 'poison-3', 'renew-4', 'plain-5']
    await work.produce(values)
    const ours = work.ours({ acknowledgementMode: 'explicit', maxPollRecords: 2 })
    const java = await work.java('explicit', 2, theirs)
    const deliveries = [
      ...['plain-0×1', 'plain-5×1', 'reject-2×1', 'release-1×1', 'release-1×2', 'renew-4×1', 'renew-4×1'],
      ...[1, 2, 3, 4, 5].map((count) => `poison-3×${count}`),
    ].sort()
    await eventuallyGot([ours], (got) => got.length === deliveries.length)
    await eventuallyGot([java], (got) => got.length === deliveries.length)
    expect(ours.consumer.health()).toMatchObject({ isReady: true, isAlive: true, stalls: [] })
    await Promise.all([ours.leave(), java.leave()])
    expect(ours.consumer.metrics()).toMatchObject({
      // A renewal is no other delivery.
      recordsConsumedTotal: deliveries.length - 1,
      acknowledgementsSendTotal: deliveries.length,
      acknowledgementsErrorTotal: 0,
      recordsAcceptedTotal: 4,
      recordsReleasedTotal: 6,
      recordsRejectedTotal: 1,
      recordsRenewedTotal: 1,
      recordsExpiredTotal: 0,
      recordsHeld: 0,
      fetchErrorTotal: 0,
      stallTotal: 0,
    })
    expect([...ours.got].sort()).toEqual(deliveries)
    expect([...java.got].sort()).toEqual(deliveries)
    expect([...ours.refusals, ...java.refusals]).toEqual([])
    const described = await work.describe([work.groupId, theirs])
    const [first, second] = [work.groupId, theirs].map((id) =>
      described.find(({ groupId }) => groupId === id),
    )
    expect(first).toMatchObject({ partition: 0, lag: 0 })
    expect(first?.startOffset).toBe(second?.startOffset)
    expect(second?.lag).toBe(0)
  })

  test('S1: share a topic with a Java member, each message acknowledged once by one of both', async (work) => {
    await work.prepare(3)
    const values = some('plain', 900)
    const java = await work.java('implicit', 20)
    await work.produce(['plain-first'])
    await eventuallyGot([java], (got) => got.length === 1)
    const ours = work.ours({ acquireMode: 'record_limit', maxPollRecords: 20, concurrency: 4 })
    await ours.consumer.connect()
    for (let sent = 0; sent < values.length; sent += 90) await work.produce(values.slice(sent, sent + 90), 3)
    await eventuallyGot([java, ours], (got) => got.length >= values.length + 1)
    await Promise.all([ours.leave(), java.leave()])
    const got = [...ours.got, ...java.got].sort()
    expect(got).toEqual([...values, 'plain-first'].map((value) => `${value}×1`).sort())
    expect(sum([ours, java])).toBe(got.length)
    const { recordsConsumedTotal, recordsAcceptedTotal, recordsPerRequestMax } = ours.consumer.metrics()
    expect([recordsConsumedTotal, recordsAcceptedTotal]).toEqual([ours.got.length, ours.taken])
    expect(recordsPerRequestMax).toBeLessThanOrEqual(20)
    expect([ours.refusals, java.refusals]).toEqual([[], []])
    expect(Math.min(ours.got.length, java.got.length)).toBeGreaterThan(0)
  })

  test('S2 S4: lose what they hold past its lock to a Java member, never more than maxPollRecords, and are told', async (work) => {
    await work.prepare(1)
    await work.produce(['hold-0', 'hold-1', 'hold-2', 'plain-3', 'plain-4'])
    const ours = work.ours({ acquireMode: 'record_limit', maxPollRecords: 3, concurrency: 3 })
    await eventuallyGot([ours], (got) => got.length === 3)
    const java = await work.java('explicit', 10)
    await eventuallyGot([java], (got) => got.length === 5)
    ours.goOn()
    await eventually(
      () => ours.refusals.length > 0,
      () => JSON.stringify(ours.got),
    )
    await Promise.all([ours.leave(), java.leave()])
    expect([...ours.got].sort()).toEqual(['hold-0×1', 'hold-1×1', 'hold-2×1'])
    expect([...java.got].sort()).toEqual(['hold-0×2', 'hold-1×2', 'hold-2×2', 'plain-3×1', 'plain-4×1'])
    expect(new Set(ours.refusals)).toEqual(new Set(['INVALID_RECORD_STATE']))
    expect([ours.taken, java.taken]).toEqual([0, 5])
    expect(ours.consumer.metrics()).toMatchObject({
      recordsConsumedTotal: 3,
      recordsAcceptedTotal: 0,
      recordsExpiredTotal: 3,
      acknowledgementsErrorTotal: 3,
    })
  })

  test('get what a Java member had in hand when it was killed, and leave at close what they had to another', async (work) => {
    await work.prepare(1)
    await work.produce(['hold-0', 'plain-1', 'plain-2'])
    const java = await work.java('implicit', 10)
    await eventuallyGot([java], (got) => got.length > 0)
    await java.kill()
    const ours = work.ours({ acknowledgementMode: 'explicit' })
    await eventuallyGot([ours], (got) => got.length === 3)
    await ours.consumer.commit()
    await work.produce(['hold-3', 'plain-4'])
    await eventuallyGot([ours], (got) => got.includes('hold-3×1'))
    await ours.consumer.close({ timeoutMs: 1000 })
    const other = work.ours()
    await eventuallyGot([other], (got) => got.length === 2)
    await other.leave()
    expect(ours.got).toEqual(['hold-0×2', 'plain-1×2', 'plain-2×2', 'hold-3×1'])
    expect(other.got).toEqual(['hold-3×2', 'plain-4×2'])
  })

  test('S3: go on at another leader, what was said to the old one counts no more, and nothing is lost', async (work) => {
    await work.prepare(1, [work.groupId], { 'share.record.lock.duration.ms': '30000' })
    const ours = work.ours({ acknowledgementMode: 'explicit', maxPollRecords: 5 })
    const values = [...some('plain', 30), 'hold-30']
    await work.produce(values)
    await eventuallyGot([ours], (got) => got.includes('hold-30×1'))
    await eventually(
      () => ours.taken === 30,
      () => `${ours.taken} of 30 were taken`,
      limitMs,
    )
    // It stays away: this is the last test.
    await kafka.node(await work.leaderId()).stop()
    ours.goOn()
    await work.produce(some('after', 20))
    const isThere = (got: readonly string[]) => got.filter((one) => one.startsWith('hold-30')).length === 2
    await eventuallyGot([ours], (got) => isThere(got) && got.includes('after-19×1'))
    await ours.leave()
    expect(new Set(ours.got.map((one) => one.split('×')[0]))).toEqual(
      new Set([...values, ...some('after', 20)]),
    )
    // Whichever is known first: that the connection ended, or that there is another leader.
    expect(ours.refusals).toEqual([
      expect.stringMatching(/^(NOT_LEADER_OR_FOLLOWER|DISCONNECTED|CONNECTION_FAILED)$/),
    ])
    expect(ours.taken).toBe(51)
  })
})
