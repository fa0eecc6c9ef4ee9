// Guards what a new user runs first: every example, and the quickstart, must end by itself with exit code 0.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describeEachKafka } from '../kafka/support/describe-kafka'

const run = promisify(execFile)

describeEachKafka('the examples', (kafka, version) => {
  const runExample = async (name: string): Promise<string> => {
    const { stdout } = await run(process.execPath, ['--import', 'tsx', `examples/${name}.ts`], {
      env: { ...process.env, KAFKA_BROKERS: kafka.bootstrap.join(',') },
      timeout: 60_000,
    })
    return stdout
  }

  it('publish.ts stores what it sends', async () => {
    expect(await runExample('publish')).toMatch(/stored at clicks-\S+-\d@0/)
  }, 90_000)

  it('consume-in-a-group.ts divides the work between two members', async () => {
    const output = await runExample('consume-in-a-group')
    const [a, b] = [...output.matchAll(/member \w handled (\d+) jobs/g)].map((match) => Number(match[1]))
    expect((a ?? 0) + (b ?? 0)).toBeGreaterThanOrEqual(100)
  }, 90_000)

  it('typed-topic.ts refuses a wrong value and gives back typed ones', async () => {
    const output = await runExample('typed-topic')
    expect(output).toMatch(/refused before anything was sent: .*total/)
    expect(output).toMatch(new RegExp(`o-1: 42 placed in ${new Date().getFullYear()}`))
  }, 90_000)

  it('manage-topics.ts creates, describes, alters and deletes', async () => {
    const output = await runExample('manage-topics')
    expect(output).toContain('retention.ms is now 3600000')
    expect(output).toContain('has 6 partitions')
    expect(output).toContain('TOPIC_ALREADY_EXISTS')
  }, 90_000)

  it('exactly-once.ts bills each order once, although its first attempt fails', async () => {
    const output = await runExample('exactly-once')
    expect(output).toContain('first run: The handler failed: the billing service crashed')
    expect(output).toContain('200 orders, 200 invoices for 200 of them')
  }, 90_000)

  it('outbox.ts publishes each order once and in order, although relays sleep and wake up again', async () => {
    const output = await runExample('outbox')
    expect(output).toContain('the first wakes up, publishes and gets FencedError')
    expect(output).toContain('the second wakes up, publishes the next order and gets FencedError')
    expect(output).toContain('301 orders placed, 301 published, the same in the same order')
  }, 90_000)

  it('retry-and-dead-letter.ts retries what passes, sets aside what does not, and replays it', async () => {
    const output = await runExample('retry-and-dead-letter')
    expect(output).toMatch(/retry 1 of 0@2: Error: the booking service does not answer/)
    expect(output).toContain('booked 19 of 20 orders')
    expect(output).toContain('replaying order 13 to its topic: order 13 has a negative total')
  }, 90_000)

  it('key-ordered-concurrency.ts handles keys side by side, and each in its order', async () => {
    const output = await runExample('key-ordered-concurrency')
    expect(Number(/up to (\d+) at once/.exec(output)?.[1])).toBeGreaterThan(8)
    expect(output).toContain('20 of 20 accounts saw theirs in order')
  }, 90_000)

  it('graceful-shutdown.ts ends on SIGTERM with all that was begun finished and committed', async () => {
    const output = await runExample('graceful-shutdown')
    expect(output).toContain('SIGTERM: ending')
    expect(output).toMatch(/finished all \d+ messages that were begun: true/)
    expect(output).toContain('committed exactly what was finished: true')
  }, 90_000)

  it('replay-time-range.ts reads what lies between two moments, and ends by itself', async () => {
    expect(await runExample('replay-time-range')).toContain("120 measurements from 8 to 10 o'clock")
  }, 90_000)

  // Share groups came with 4.2.
  if (version !== '3.7.2') {
    it('share-group.ts gives each task to one worker, again after a failure, and rejects what nobody can read', async () => {
      expect(await runExample('share-group')).toContain(
        '40 tasks accepted, 1 rejected, 1 released on the way',
      )
    }, 90_000)
  }

  it('quickstart.ts ends with no lag', async () => {
    expect(await runExample('quickstart')).toMatch(/done: 20000 messages, .* 6 partitions, lag 0/)
  }, 90_000)
})
