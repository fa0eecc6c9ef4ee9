import { fail } from '../contracts/kafka-failure'
import type { ConfigOperation } from './config-operations'
import { ConfigSource, type DescribedConfig } from '../contracts/described-config'

const levels: ReadonlySet<string> = new Set(['FATAL', 'ERROR', 'WARN', 'INFO', 'DEBUG', 'TRACE'])

/** The loggers of one broker. This broker has but the root logger's level to tell; it stands for Kafka's loggers. */
export class BrokerLoggers {
  #rootLevel = 'INFO'

  describe(): DescribedConfig[] {
    return [
      {
        name: 'root',
        value: this.#rootLevel,
        readOnly: false,
        source: ConfigSource.dynamicBrokerLogger,
        isSensitive: false,
        synonyms: [],
        type: 0,
      },
    ]
  }

  /** @throws INVALID_CONFIG, INVALID_REQUEST */
  alter(operations: readonly ConfigOperation[], validateOnly: boolean): void {
    for (const one of operations) checkLogger(one)
    if (validateOnly) return
    for (const { value } of operations) if (value !== null) this.#rootLevel = value
  }
}

const operationNames = ['SET', 'DELETE', 'APPEND', 'SUBTRACT']

function checkLogger({ name, operation, value }: ConfigOperation): void {
  if (operation > 1) {
    throw fail(
      'INVALID_REQUEST',
      `${operationNames[operation] ?? ''} operation is not allowed for the BROKER_LOGGER resource`,
    )
  }
  if (name !== 'root') throw fail('INVALID_CONFIG', `Logger ${name} does not exist!`)
  if (operation === 1) {
    throw fail('INVALID_REQUEST', 'Removing the log level of the root logger is not allowed')
  }
  if (!levels.has(value ?? '')) {
    throw fail(
      'INVALID_CONFIG',
      `Cannot set the log level of ${name} to ${value ?? ''} as it is not a supported log level. Valid log levels are ${[...levels].join(', ')}`,
    )
  }
}
