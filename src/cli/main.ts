#!/usr/bin/env node
import { isKafkaError } from '../base/errors'
import { runBrokerCommand } from './broker-command'

const usage = `Usage: typed-kafka <command> [options]

  broker    runs Kafka brokers inside this process, for development and tests

typed-kafka <command> --help tells more.
`

async function main([command, ...args]: readonly string[]): Promise<number> {
  if (command === undefined || command === '--help' || command === '-h') {
    process.stdout.write(usage)
    return command === undefined ? 2 : 0
  }
  if (command !== 'broker') {
    process.stderr.write(`Unknown command '${command}'.\n\n${usage}`)
    return 2
  }
  try {
    await runBrokerCommand(args, {
      print: (text) => void process.stdout.write(text),
      whenToldToStop: new Promise((resolve) => {
        for (const signal of ['SIGINT', 'SIGTERM'] as const) process.once(signal, () => resolve())
      }),
    })
    return 0
  } catch (error) {
    process.stderr.write(`${error instanceof Error ? error.message : String(error)}\n`)
    return isKafkaError(error) && error.code === 'INVALID_OPTION' ? 2 : 1
  }
}

void main(process.argv.slice(2)).then((code) => {
  process.exitCode = code
})
