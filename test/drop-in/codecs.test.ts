// Guards messages of those who compress: with the codecs that they register for KafkaJS, and with those that are built in.
// Either side reads what the other has written, and Java reads it all.
import { describeEachKafka } from '../kafka/support/describe-kafka'
import { consoleTools, runKafkaTool } from '../kafka/support/java-tools'
import { compareProgram, differs, failure } from './support/compare-program'
import { describeBrokers } from './support/describe-brokers'
import type { Peer } from './support/peer-folders'
import { runProgram } from './support/run-program'

const codecs = ['snappy', 'lz4'] as const
const messageCount = 20

/** The outcomes of these steps with each of the codecs, by title. */
const outcomesOf = (steps: Readonly<Record<string, unknown>>) =>
  Object.fromEntries(
    codecs.flatMap((codec) =>
      Object.entries(steps).map(([title, outcome]) => [`${codec}: ${title}`, outcome]),
    ),
  )

const written = { 'messages are written': 'written' }
const read = { 'messages are read': 'as they were' }
const does = (...calls: string[]) => ({ 'what the codec had to do': calls })

const uniqueName = (prefix: string) => `${prefix}-${process.pid.toString(36)}-${Date.now().toString(36)}`

const because = 'it has these two only when they are registered'
const builtIn = {
  ...outcomesOf({ ...written, ...does() }),
  'snappy: messages are written': differs('written', {
    on: failure(/Snappy compression not implemented/),
    because,
  }),
  'lz4: messages are written': differs('written', {
    on: failure(/LZ4 compression not implemented/),
    because,
  }),
}

describeBrokers('kafkajs-snappy and kafkajs-lz4', (brokers) => {
  const program = (steps: string, registers: 'yes' | 'no', more: Record<string, string> = {}) => ({
    program: 'codecs',
    brokers: brokers.bootstrap,
    more: { steps, registers, ...more },
  })

  describe('registered', () => {
    compareProgram(
      () => program('write read', 'yes'),
      outcomesOf({ ...written, ...read, ...does('compress true', 'decompress true') }),
    )
  })

  describe('not registered', () => {
    compareProgram(() => program('write', 'no'), builtIn)
  })

  const run = async (peer: Peer, ...[steps, registers, more]: Parameters<typeof program>) => {
    const { cases } = await runProgram(peer, program(steps, registers, more))
    return Object.fromEntries(
      Object.entries(cases).map(([title, result]) => [title, Object.values(result)[0]]),
    )
  }

  it('9.3: what KafkaJS has written with them is read by what is built in', async () => {
    const topic = uniqueName('by-kafkajs')
    await run('kafkajs', 'write', 'yes', { topic })
    expect(await run('typed-kafka', 'read', 'no', { topic })).toEqual(outcomesOf({ ...read, ...does() }))
  })

  it('9.3: what is written by what is built in is read by KafkaJS with them', async () => {
    const topic = uniqueName('built-in')
    await run('typed-kafka', 'write', 'no', { topic })
    expect(await run('kafkajs', 'read', 'yes', { topic })).toEqual(
      outcomesOf({ ...read, ...does('decompress true') }),
    )
  })
})

describeEachKafka(
  'codecs of the drop-in and Java',
  (kafka, version) => {
    it('9.3: a Java consumer reads what was compressed by registered codecs and by those that are built in', async () => {
      const prefix = kafka.uniqueName('compressed')
      for (const registers of ['yes', 'no'] as const) {
        const more = { steps: 'write', registers, topic: `${prefix}-${registers}` }
        await runProgram('typed-kafka', { program: 'codecs', brokers: kafka.bootstrap, more })
      }
      const { consumer, consumerProperty } = consoleTools(version)
      const total = 2 * codecs.length * messageCount
      const output = await runKafkaTool(version, consumer, [
        ...['--bootstrap-server', kafka.bootstrap.join(','), '--include', `${prefix}-.*`, '--from-beginning'],
        ...['--max-messages', `${total}`, '--timeout-ms', '30000', consumerProperty, 'print.key=true'],
        ...[consumerProperty, 'print.headers=true', consumerProperty, 'key.separator=|'],
      ])
      const lines = output.trim().split('\n')
      expect(lines).toHaveLength(total)
      const wanted = Array.from(
        { length: messageCount },
        (_, i) => `number:${i}|key-${i}|${`${i} and `.repeat(100).trim()}`,
      )
      for (const line of wanted) expect(lines.filter((one) => one.trim() === line)).toHaveLength(4)
    })
  },
  { needs: ['java'], versions: ['4.3.1'] },
)
