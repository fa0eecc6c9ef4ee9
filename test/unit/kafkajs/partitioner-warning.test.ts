// Guards the one warning of partitioners: said once a process, and not where the environment silences it.
import type { Kafka as KafkaClass } from '../../../src/kafkajs/kafka'
import type { LogEntry } from '../../../src/kafkajs/types/logger'

const variable = 'KAFKAJS_NO_PARTITIONER_WARNING'

afterEach(() => delete process.env[variable])

/** What is logged by two producers of a process of its own. */
function linesOf(config?: Parameters<KafkaClass['producer']>[0]): string[] {
  const lines: string[] = []
  jest.isolateModules(() => {
    const { Kafka } = jest.requireActual<{ Kafka: typeof KafkaClass }>('../../../src/kafkajs/kafka')
    const logCreator = () => (entry: LogEntry) => void lines.push(`${entry.label} ${entry.log.message}`)
    const kafka = new Kafka({ brokers: ['localhost:1'], logCreator })
    kafka.producer(config)
    kafka.producer(config)
  })
  return lines
}

test('2: a producer without createPartitioner is warned once', () => {
  expect(linesOf()).toEqual([expect.stringMatching(/^WARN .*LegacyPartitioner/) as string])
})

test('2: one with it, and the environment, are silent', () => {
  expect(linesOf({ createPartitioner: () => () => 0 })).toEqual([])
  process.env[variable] = '1'
  expect(linesOf()).toEqual([])
})
