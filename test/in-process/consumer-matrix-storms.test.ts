// Guards against consumers that ask in a storm, or hang when they are closed, while one of their requests fails for ever.
import { codeOf, ConsumerMatrix } from './support/consumer-matrix'

const name = 't'
let matrix: ConsumerMatrix

beforeEach(async () => {
  matrix = await ConsumerMatrix.create([name])
})
afterEach(() => matrix.close())

test.each([
  ['FindCoordinator', 'COORDINATOR_NOT_AVAILABLE'],
  ['JoinGroup', 'COORDINATOR_LOAD_IN_PROGRESS'],
  ['JoinGroup', 'UNKNOWN_MEMBER_ID'],
  ['SyncGroup', 'NOT_COORDINATOR'],
  ['Heartbeat', 'REBALANCE_IN_PROGRESS'],
  ['OffsetFetch', 'UNSTABLE_OFFSET_COMMIT'],
  ['ListOffsets', 'NOT_LEADER_OR_FOLLOWER'],
  ['Fetch', 'UNKNOWN_TOPIC_ID'],
  ['Metadata', 'LEADER_NOT_AVAILABLE'],
] as const)(
  '%s that is always answered by %s: no storm, and all is read once it passes',
  async (api, code) => {
    await matrix.writer.write(name, 0, 4)
    const heal = matrix.cluster.faults.fail(api, code)
    await using reader = matrix.reader(name, { heartbeatIntervalMs: 50 })
    const before = matrix.cluster.requests.filter({ api }).length
    reader.start()
    await new Promise((resolve) => setTimeout(resolve, 300))
    // The backoff grows to 20 ms, and two of its requests may be one behind the other.
    const asked = matrix.cluster.requests.filter({ api }).length - before
    expect(asked).toBeLessThan(80)
    expect(asked).toBeGreaterThan(1)
    heal()
    await reader.readsAll(4)
    expect(codeOf(reader.error)).toBeUndefined()
    expect(new Set(reader.seen).size).toBe(4)
  },
)

test.each(['FindCoordinator', 'JoinGroup', 'SyncGroup', 'OffsetFetch', 'OffsetCommit', 'Fetch'] as const)(
  'G15 K8: a close ends while %s fails for ever',
  async (api) => {
    await matrix.writer.write(name, 0, 4)
    matrix.cluster.faults.fail(
      api,
      api === 'Fetch' ? 'NOT_LEADER_OR_FOLLOWER' : 'COORDINATOR_LOAD_IN_PROGRESS',
    )
    const reader = matrix.reader(name)
    reader.start()
    await new Promise((resolve) => setTimeout(resolve, 100))
    const startedAt = performance.now()
    await reader.consumer.close({ timeoutMs: 500 })
    expect(performance.now() - startedAt).toBeLessThan(1500)
  },
)
