// Guards L16 and C2: consumers of thousands of partitions hold up neither their event loop nor the broker while positions
// are found, or checked after a broker went away.
import { ErrorCode } from '../../../../src/base/error-codes'
import { assignedConsumer, until } from '../support/consumer-bench'

const partitions = 20_000

/** Milliseconds of the processor, not of the clock: a machine that is busy with others must not fail this. */
async function cpuOf(work: () => Promise<void>): Promise<number> {
  const before = process.cpuUsage()
  await work()
  const { user, system } = process.cpuUsage(before)
  return (user + system) / 1000
}

describe('a consumer of very many partitions', () => {
  it('asks a broker again at once for all that it refused together', async () => {
    const { cluster, consumer } = assignedConsumer({}, 2000)
    for (let i = 0; i < 3 * 2000; i++) cluster.listOffsetsErrors.push(ErrorCode.NOT_LEADER_OR_FOLLOWER)
    const run = consumer.run(() => {})
    await until(cluster, () => cluster.listOffsetsErrors.length === 0)
    await until(cluster, () => consumer.health().partitions.every(({ position }) => position === 0n))
    expect(cluster.listOffsets.map(({ request }) => request.topics[0]?.partitions.length)).toEqual(
      Array.from({ length: 4 }, () => 2000),
    )
    await consumer.close()
    await run
  })

  it('finds their positions, and checks them against new leaders, in a time that grows as their number does', async () => {
    const { cluster, consumer } = assignedConsumer({}, partitions)
    const run = consumer.run(() => {})
    const found = await cpuOf(() =>
      until(cluster, () => consumer.lag().every(({ lag }) => lag !== undefined)),
    )
    expect(found).toBeLessThan(10_000)
    for (let partition = 0; partition < partitions; partition++)
      cluster.metadata.setLeader('t', partition, 2, 6)
    const checked = await cpuOf(() =>
      until(cluster, () => cluster.fetches.some(({ nodeId }) => nodeId === 2)),
    )
    expect(checked).toBeLessThan(10_000)
    expect(cluster.epochQuestions).toHaveLength(1)
    await consumer.close()
    await run
  }, 60_000)
})
