// Guards reading with an end against waiting for ever for records that compaction removed, and against ending before records that are still there.
import { ErrorCode } from '../../../../src/base/error-codes'
import { GapProbe } from '../../../../src/consumer/manual/gap-probe'
import { FetchMemory } from '../../../../src/consumer/fetch/fetch-memory'
import { PartitionState } from '../../../../src/consumer/partition-state'
import { rawTopic } from '../../../../src/serde/topic'
import { FakeCluster } from '../support/fake-cluster'

const patienceMs = 600
const position = 4n
const end = 10n

/** A partition that is read to offset 10 and waits at 4; of its log nothing is left from there on, unless a test says so. */
function setUp(isolationLevel: 0 | 1 = 0) {
  const cluster = new FakeCluster()
  cluster.addTopic('t', 1)
  const log = cluster.log('t', 0)
  log.endOffset = end
  const passed: number[] = []
  const probe = new GapProbe({
    cluster,
    isolationLevel,
    patienceMs,
    onPassed: ({ partition }) => passed.push(partition),
  })
  const state = new PartitionState(rawTopic('t'), 0, {
    memory: new FetchMemory(1_000_000),
    checkCrcs: true,
    readCommitted: isolationLevel === 1,
    onReady: () => {},
  })
  state.startAt(position, 5)
  state.highWatermark = state.lastStableOffset = end
  state.endAt(end)
  return { cluster, clock: cluster.clock, log, passed, probe, state }
}

it('C8: after its patience it asks the leader for the partition alone, without a session, and passes to the end', async () => {
  const { cluster, clock, passed, probe, state } = setUp()
  probe.watch(state)
  await clock.advance(patienceMs - 1)
  expect(cluster.fetches).toEqual([])
  await clock.advance(1)
  expect(cluster.fetches).toMatchObject([
    { nodeId: 1, request: { sessionId: 0, sessionEpoch: -1, maxWaitMs: 0, topics: [{ topic: 't' }] } },
  ])
  expect(passed).toEqual([0])
  expect(state.reader.position).toBe(end)
  expect(state.fetchOffset).toBe(end)
  await clock.advance(patienceMs)
  expect(clock.pendingTimers).toBe(0)
  expect(cluster.fetches).toHaveLength(1)
})

it('passes over nothing while a record is left', async () => {
  const { cluster, clock, log, passed, probe, state } = setUp()
  log.endOffset = 0n
  log.fill(10)
  probe.watch(state)
  await clock.advance(patienceMs)
  expect(cluster.fetches).toHaveLength(1)
  expect(passed).toEqual([])
  expect(state.reader.position).toBe(position)
  probe.close()
})

it.each([
  'NOT_LEADER_OR_FOLLOWER',
  'OFFSET_OUT_OF_RANGE',
  'UNKNOWN_TOPIC_ID',
  'TOPIC_AUTHORIZATION_FAILED',
] as const)('takes %s for no answer, and asks again', async (code) => {
  const { cluster, clock, passed, probe, state } = setUp()
  cluster.partitionErrors.set('t-0', [ErrorCode[code]])
  probe.watch(state)
  await clock.advance(patienceMs)
  expect(passed).toEqual([])
  await clock.advance(patienceMs)
  expect(passed).toEqual([0])
})

it('asks again when the broker was away, or there was no leader', async () => {
  const { cluster, clock, passed, probe, state } = setUp()
  cluster.down.add(1)
  probe.watch(state)
  await clock.advance(patienceMs)
  cluster.down.clear()
  cluster.metadata.setLeader('t', 0, -1, 6)
  await clock.advance(patienceMs)
  expect(passed).toEqual([])
  cluster.metadata.setLeader('t', 0, 1, 7)
  await clock.advance(patienceMs)
  expect(passed).toEqual([0])
})

it('does not ask while the log ends before the end: it may still grow', async () => {
  const { cluster, clock, passed, probe, state } = setUp()
  state.highWatermark = end - 1n
  probe.watch(state)
  await clock.advance(10 * patienceMs)
  expect(cluster.fetches).toEqual([])
  state.highWatermark = end
  await clock.advance(patienceMs)
  expect(passed).toEqual([0])
})

it('with read_committed what counts is where open transactions begin', async () => {
  const { cluster, clock, passed, probe, state } = setUp(1)
  state.lastStableOffset = end - 1n
  probe.watch(state)
  await clock.advance(patienceMs)
  expect(cluster.fetches).toEqual([])
  state.lastStableOffset = end
  await clock.advance(patienceMs)
  expect(cluster.fetches[0]?.request.isolationLevel).toBe(1)
  expect(passed).toEqual([0])
})

it('a position that moves begins the wait anew', async () => {
  const { cluster, clock, passed, probe, state } = setUp()
  probe.watch(state)
  await clock.advance(patienceMs - 1)
  state.startAt(6n, 5)
  await clock.advance(1)
  expect(cluster.fetches).toEqual([])
  await clock.advance(patienceMs)
  expect(cluster.fetches[0]?.request.topics[0]?.partitions[0]?.fetchOffset).toBe(6n)
  expect(passed).toEqual([0])
})

it('an answer to a question about a position that was left meanwhile is not used', async () => {
  const { cluster, clock, passed, probe, state } = setUp()
  cluster.frozen.add(1)
  probe.watch(state)
  await clock.advance(patienceMs)
  expect(cluster.fetches).toHaveLength(1)
  state.startAt(2n, 5)
  cluster.frozen.clear()
  cluster.notify()
  await clock.advance(0)
  expect(passed).toEqual([])
  expect(state.reader.position).toBe(2n)
  probe.close()
})

it('L23: leaves what was revoked or is at its end, and the close ends timer, question and connection', async () => {
  const { cluster, clock, probe, state } = setUp()
  probe.watch(state)
  state.end()
  await clock.advance(patienceMs)
  expect(clock.pendingTimers).toBe(0)
  expect(cluster.fetches).toEqual([])
  const other = setUp()
  other.cluster.frozen.add(1)
  other.probe.watch(other.state)
  await other.clock.advance(patienceMs)
  other.probe.close()
  await other.clock.advance(0)
  expect(other.passed).toEqual([])
  expect(other.cluster.closedConnections).toHaveLength(1)
  other.probe.watch(other.state)
  await other.clock.advance(10 * patienceMs)
  expect(other.cluster.fetches).toHaveLength(1)
})
