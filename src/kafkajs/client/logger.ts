import { logLevel } from '../enums'
import type { logCreator, LogEntry, Logger } from '../types/logger'

/** The level that the environment's `KAFKAJS_LOG_LEVEL` names, else the given one. */
function levelInEffect<Level extends logLevel | null>(level: Level): Level | logLevel {
  const named = logLevel[(process.env['KAFKAJS_LOG_LEVEL'] ?? '').toUpperCase() as keyof typeof logLevel]
  return named ?? level
}

/** Writes each line as JSON to the console, by the method of its level; KafkaJS's own default. */
export const consoleLogCreator: logCreator = () => (entry) => {
  const { namespace, level, label, log } = entry
  const message = namespace ? `[${namespace}] ${log.message}` : log.message
  consoleMethod(level)?.(JSON.stringify({ level: label, ...log, message }))
}

/* eslint-disable no-console -- writing to the console is what this is for */
function consoleMethod(level: logLevel): ((line: string) => void) | undefined {
  switch (level) {
    case logLevel.ERROR:
      return console.error
    case logLevel.WARN:
      return console.warn
    case logLevel.INFO:
      return console.info
    case logLevel.DEBUG:
      return console.log
    case logLevel.NOTHING:
      return undefined
  }
}
/* eslint-enable no-console */

/** Makes the root logger of a `Kafka` object, which speaks under no name. */
export function createLogger(level: logLevel, creator: logCreator): Logger {
  const root = { level: levelInEffect(level) }
  return namespaceLogger(root, creator(root.level), undefined, null)
}

/** A logger whose level follows the root's unless it has one of its own. */
function namespaceLogger(
  root: { level: logLevel },
  write: (entry: LogEntry) => void,
  namespace: string | undefined,
  ownLevel: logLevel | null,
): Logger {
  const at = (level: logLevel, label: string) => (message: string, extra?: object) => {
    if (level > (ownLevel ?? root.level)) return
    const log = { timestamp: new Date().toISOString(), logger: 'kafkajs', message, ...extra }
    write({ namespace: namespace as string, level, label, log })
  }
  return {
    info: at(logLevel.INFO, 'INFO'),
    error: at(logLevel.ERROR, 'ERROR'),
    warn: at(logLevel.WARN, 'WARN'),
    debug: at(logLevel.DEBUG, 'DEBUG'),
    namespace: (name, level) => namespaceLogger(root, write, name, levelInEffect(level ?? null)),
    setLogLevel: (level) => {
      root.level = level
    },
  }
}
