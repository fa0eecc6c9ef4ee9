import { parseArgs } from 'node:util'
import { InvalidOptionError } from '../base/errors'
import type { NewTopicSpec } from '../testing/contracts/topics'
import type { TestClusterOptions } from '../testing/test-cluster-options'

export const brokerUsage = `Usage: typed-kafka broker [options]

Runs Kafka brokers inside this process, for development and tests: real protocol, logs in memory, nothing is kept.

  -p, --port <number>           port of the first broker; the others follow (default 9092, 0 for free ones)
      --host <address>          address to listen on and to tell clients (default 127.0.0.1)
      --brokers <number>        how many brokers (default 1)
      --kafka <release>         the Kafka to look like, such as 3.7 (default 4.3)
  -t, --topic <name[:count]>    a topic to create, with its number of partitions; may be repeated
  -c, --config <name=value>     a broker config by Kafka's name; may be repeated
  -u, --user <name:password>    asks for SASL, and takes this user; may be repeated
      --max-bytes <number>      bytes that all logs may hold together (default 268435456)
  -h, --help                    shows this text
`

const shape = {
  port: { type: 'string', short: 'p', default: '9092' },
  host: { type: 'string', default: '127.0.0.1' },
  brokers: { type: 'string', default: '1' },
  kafka: { type: 'string' },
  topic: { type: 'string', short: 't', multiple: true, default: [] as string[] },
  config: { type: 'string', short: 'c', multiple: true, default: [] as string[] },
  user: { type: 'string', short: 'u', multiple: true, default: [] as string[] },
  'max-bytes': { type: 'string' },
  help: { type: 'boolean', short: 'h', default: false },
} as const

/** What the command line asks for; `'help'` when it asks for help. @throws InvalidOptionError */
export function parseBrokerOptions(args: readonly string[]): TestClusterOptions | 'help' {
  const given = readArguments(args)
  if (given.help) return 'help'
  const users = given.user.map((text) => split(text, ':', '--user', 'name:password'))
  return {
    port: wholeNumber('--port', given.port),
    host: given.host,
    brokers: wholeNumber('--brokers', given.brokers),
    ...(given.kafka !== undefined && { version: given.kafka }),
    ...(given['max-bytes'] !== undefined && { maxBytes: wholeNumber('--max-bytes', given['max-bytes']) }),
    topics: given.topic.map(parseTopic),
    configs: Object.fromEntries(given.config.map((text) => split(text, '=', '--config', 'name=value'))),
    ...(users.length > 0 && { sasl: { users: Object.fromEntries(users) } }),
  }
}

function readArguments(args: readonly string[]) {
  try {
    return parseArgs({ args: [...args], options: shape, strict: true }).values
  } catch (error) {
    throw new InvalidOptionError('typed-kafka broker', [
      error instanceof Error ? error.message : String(error),
    ])
  }
}

function parseTopic(text: string): NewTopicSpec {
  const at = text.lastIndexOf(':')
  if (at < 0) return { name: text }
  return { name: text.slice(0, at), partitions: wholeNumber('--topic', text.slice(at + 1)) }
}

function wholeNumber(option: string, text: string): number {
  if (/^\d+$/.test(text)) return Number(text)
  throw new InvalidOptionError('typed-kafka broker', [
    `option '${option}' is '${text}': a whole number is needed`,
  ])
}

function split(text: string, separator: string, option: string, form: string): [string, string] {
  const at = text.indexOf(separator)
  if (at > 0) return [text.slice(0, at), text.slice(at + 1)]
  const shown = option === '--user' ? '(hidden)' : `'${text}'`
  throw new InvalidOptionError('typed-kafka broker', [`option '${option}' is ${shown}: ${form} is needed`])
}
