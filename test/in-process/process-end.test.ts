// Guards services against processes that hang: once a client has failed for good, nothing of it keeps the process alive.
import { execFile } from 'node:child_process'
import { promisify } from 'node:util'

const run = promisify(execFile)

/** A program that uses a client of brokers that are not there, and does not close it. */
const program = (use: string) => `
  import { Kafka, silentLogger } from './src/index.ts'
  const kafka = new Kafka({ brokers: ['127.0.0.1:1'], logger: silentLogger })
  const failure = await (async () => { ${use} })().catch((error) => error.code)
  console.log(String(failure))
`

test.each([
  ['a consumer', "await kafka.consumer({ groupId: 'g', topics: ['t'] }).run(() => {})"],
  [
    'a KIP-848 member',
    "await kafka.consumer({ groupId: 'g', topics: [/t/], groupProtocol: 'consumer' }).run(() => {})",
  ],
  ['a member of topics by pattern', "await kafka.consumer({ groupId: 'g', topics: [/t/] }).run(() => {})"],
  ['a reader', "for await (const _ of kafka.consumer({ assign: ['t'] })) break"],
  ['a share consumer', "await kafka.shareConsumer({ groupId: 'g', topics: ['t'] }).run(() => {})"],
  ['a producer', "await kafka.producer().send('t', { value: 'x' })"],
  ['an admin', 'await kafka.admin().listTopics()'],
])(
  '%s without brokers, left open, lets its process end',
  async (_title, use) => {
    const { stdout } = await run(
      process.execPath,
      ['--import', 'tsx', '--input-type', 'module', '--eval', program(use)],
      { env: { ...process.env, NODE_OPTIONS: '' }, timeout: 15_000 },
    )
    expect(stdout.trim()).toBe('CONNECTION_FAILED')
  },
  20_000,
)
