// Guards C2: after an unclean election nothing that the new leader does not have is taken for granted, and no error of
// the question is taken for truncation.
import { ErrorCode } from '../../../../src/base/error-codes'
import type { Message } from '../../../../src/message/message'
import type { ConsumerOptions } from '../../../../src/consumer/consumer-options'
import { settle } from '../../support/fake-clock'
import { groupConsumer, partitionsOf, until, values } from '../support/consumer-bench'

const texts = (messages: readonly Message[]) => messages.map((message) => String(message.rawValue))

async function readTen(options: ConsumerOptions = {}) {
  const bench = groupConsumer(options)
  bench.group.setCommitted('t', 0, 0n)
  bench.cluster.log('t', 0).fill(10)
  const seen: Message[] = []
  const run = bench.consumer.run((message) => void seen.push(message))
  await bench.group.assign(partitionsOf(0))
  await until(bench.cluster, () => seen.length === 10)
  return { ...bench, seen, run }
}

describe('C2 truncation', () => {
  it('asks the new leader where the last epoch ends before it fetches, and goes on when nothing is lost', async () => {
    const { cluster, consumer, seen, run } = await readTen()
    const fetches = cluster.fetches.length
    cluster.epochErrors.push(ErrorCode.FENCED_LEADER_EPOCH, ErrorCode.UNKNOWN_LEADER_EPOCH)
    cluster.metadata.setLeader('t', 0, 2, 6)
    await settle()
    expect(cluster.epochQuestions[0]?.request.topics[0]?.partitions[0]).toMatchObject({
      currentLeaderEpoch: 6,
      leaderEpoch: 0,
    })
    expect(cluster.fetches).toHaveLength(fetches)
    cluster.log('t', 0).fill(3)
    await until(cluster, () => seen.length === 13)
    expect(texts(seen)).toEqual(values(0, 13))
    expect(cluster.epochQuestions).toHaveLength(3)
    await consumer.close()
    await run
  })

  it('goes back to where the logs part when the new leader has less', async () => {
    const { cluster, consumer, seen, run } = await readTen()
    cluster.log('t', 0).batches = []
    cluster.log('t', 0).endOffset = 0n
    cluster.log('t', 0).fill(6, 3)
    cluster.epochEndOffset = 6n
    cluster.metadata.setLeader('t', 0, 2, 6)
    await settle()
    cluster.log('t', 0).fill(4)
    await until(cluster, () => seen.length === 14)
    expect(texts(seen.slice(10))).toEqual(values(6, 10))
    await consumer.close()
    await run
  })

  it("raises with the offset where the logs part when startFrom is 'none'", async () => {
    const { cluster, consumer, run } = await readTen({ startFrom: 'none' })
    const outcome = expect(run).rejects.toMatchObject({
      code: 'LOG_TRUNCATION',
      message: expect.stringContaining('part at offset 6') as string,
    })
    cluster.epochEndOffset = 6n
    cluster.metadata.setLeader('t', 0, 2, 6)
    await outcome
    await consumer.close()
  })

  it('starts over by startFrom when the leader knows nothing of the epoch', async () => {
    const { cluster, consumer, seen, run } = await readTen()
    cluster.epochEndOffset = -1n
    cluster.metadata.setLeader('t', 0, 2, 6)
    await until(cluster, () => seen.length === 20)
    expect(texts(seen.slice(10))).toEqual(values(0, 10))
    await consumer.close()
    await run
  })
})
