export type LogLevel = 'debug' | 'info' | 'warn' | 'error'

/**
 * Where the client's log lines go. pino, winston and console fit: a message, then an object of details.
 * Secrets are never among the details.
 */
export interface Logger {
  debug(message: string, details?: Record<string, unknown>): void
  info(message: string, details?: Record<string, unknown>): void
  warn(message: string, details?: Record<string, unknown>): void
  error(message: string, details?: Record<string, unknown>): void
}

/** Details as they are printed: of an error only what it says, because its stack would hide the lines around it. */
function printable(details: Record<string, unknown> | undefined): Record<string, unknown> | '' {
  if (details === undefined) return ''
  return Object.fromEntries(
    Object.entries(details).map(([key, value]) => [key, value instanceof Error ? value.message : value]),
  )
}

/** Writes warnings and errors to stderr through `console`; the default. */
export const consoleLogger: Logger = {
  debug() {},
  info() {},
  warn(message, details) {
    console.warn(`typed-kafka: ${message}`, printable(details))
  },
  error(message, details) {
    console.error(`typed-kafka: ${message}`, printable(details))
  },
}

/** Says nothing. */
export const silentLogger: Logger = { debug() {}, info() {}, warn() {}, error() {} }
