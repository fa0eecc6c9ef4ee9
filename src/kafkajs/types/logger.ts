import type { logLevel } from '../enums'

/** What is logged, beside namespace and level. */
export interface LoggerEntryContent {
  /** ISO 8601. */
  readonly timestamp: string
  readonly message: string
  // eslint-disable-next-line @typescript-eslint/no-explicit-any -- programs read details without a cast, as with KafkaJS
  [key: string]: any
}

/** One log line, as a `logCreator`'s function gets it. */
export interface LogEntry {
  /** The part that speaks, such as `Consumer`. */
  namespace: string
  level: logLevel
  /** The level's name. */
  label: string
  log: LoggerEntryContent
}

/** Makes what writes log lines; called once a `Kafka` object, with the level in effect. */
export type logCreator = (logLevel: logLevel) => (entry: LogEntry) => void

/** A logger; `namespace` gives one that speaks under another name. */
export type Logger = {
  info: (message: string, extra?: object) => void
  error: (message: string, extra?: object) => void
  warn: (message: string, extra?: object) => void
  debug: (message: string, extra?: object) => void
  namespace: (namespace: string, logLevel?: logLevel) => Logger
  setLogLevel: (logLevel: logLevel) => void
}
