// Guards what a new user runs first: every example, and the quickstart, must end by itself with exit code 0.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'
import { describeEachKafka } from '../kafka/support/describe-kafka'

const run = promisify(execFile)

describeEachKafka('the examples', (kafka) => {
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

  it('quickstart.ts ends with no lag', async () => {
    expect(await runExample('quickstart')).toMatch(/done: 20000 messages, .* 6 partitions, lag 0/)
  }, 90_000)
})
