// Guards against records that outlive their retention, and against a timer that runs although nothing can expire.
import { LogCleaner } from '../../../../src/testing/cluster/log-cleaner'
import { encodeRecordBatch } from '../../../../src/wire/records/encode-record-batch'
import { batchOf, ReplicationCluster } from '../support/replication-cluster'

let cluster: ReplicationCluster
let cleaner: LogCleaner

beforeEach(() => {
  cluster = new ReplicationCluster(2, { 'log.retention.check.interval.ms': '60000' })
  cleaner = new LogCleaner(cluster)
  cleaner.start()
})

afterEach(() => cleaner.stop())

const append = (topic: string) => cluster.partition(topic).append(now('v'), { origin: 'client' })
const now = (value: string) =>
  encodeRecordBatch({ records: [{ timestamp: cluster.clock.wallTime(), key: 'k', value }] })

it('deletes old records on all replicas when the interval is over, and then waits for new ones without a timer', async () => {
  const [partition] = cluster.createTopic('short', { configs: { 'retention.ms': '90000' } })
  expect(cluster.clock.pendingTimers).toBe(0)
  append('short')
  expect(cluster.clock.pendingTimers).toBe(1)
  const events: string[] = []
  partition?.watch((event) => events.push(event))
  await cluster.clock.advance(60_000)
  expect(partition?.logStartOffset).toBe(0n)
  await cluster.clock.advance(60_000)
  expect(partition?.logStartOffset).toBe(1n)
  expect(partition?.log(2)?.startOffset).toBe(1n)
  expect(events).toEqual(['log-start'])
  expect(cluster.clock.pendingTimers).toBe(0)
  append('short')
  expect(cluster.clock.pendingTimers).toBe(1)
})

it('deletes at call', async () => {
  const [partition] = cluster.createTopic('short', { configs: { 'retention.ms': '10' } })
  append('short')
  await cluster.clock.advance(11)
  cleaner.runNow()
  expect(partition?.logStartOffset).toBe(1n)
})

it('deletes nothing that followers still lack', async () => {
  const [partition] = cluster.createTopic('short', { configs: { 'retention.ms': '10' } })
  partition?.holdReplication(2)
  append('short')
  await cluster.clock.advance(11)
  cleaner.runNow()
  expect(partition?.logStartOffset).toBe(0n)
})

it('compacts topics whose policy says so, and others on request', () => {
  const [compacted] = cluster.createTopic('c', { configs: { 'cleanup.policy': 'compact' } })
  const [plain] = cluster.createTopic('p')
  for (const topic of ['c', 'p']) for (let i = 0; i < 3; i++) append(topic)
  cleaner.runNow()
  expect(compacted?.leaderLog.batches).toHaveLength(1)
  expect(compacted?.log(2)?.batches).toHaveLength(1)
  expect(plain?.leaderLog.batches).toHaveLength(3)
  const topic = cluster.topics.byName('p')
  if (topic !== undefined) cleaner.compact(topic)
  expect(plain?.leaderLog.batches).toHaveLength(1)
  expect(plain?.logEndOffset).toBe(3n)
})

it('lets a replica catch up on a compacted leader', () => {
  const [partition] = cluster.createTopic('c', { configs: { 'cleanup.policy': 'compact' } })
  append('c')
  cluster.brokers.stop(2, 'clean')
  for (let i = 0; i < 3; i++) append('c')
  cleaner.runNow()
  cluster.brokers.start(2)
  expect(partition?.log(2)?.endOffset).toBe(4n)
  expect(partition?.inSyncReplicas).toEqual([1, 2])
  append('c')
  expect(partition?.highWatermark).toBe(5n)
})

it('stops with its timer', () => {
  cluster.createTopic('t')
  append('t')
  cleaner.stop()
  expect(cluster.clock.pendingTimers).toBe(0)
  cluster.partition('t').append(batchOf(['v']), { origin: 'client' })
  expect(cluster.clock.pendingTimers).toBe(0)
})
