import { createBroker } from 'typed-kafka/testing'

/**
 * The brokers an example talks to: those in `KAFKA_BROKERS`, a list with commas; otherwise one inside this process, which
 * needs nothing installed and ends with the program.
 */
export const brokers: readonly string[] = process.env.KAFKA_BROKERS?.split(',') ?? (await startBroker())

async function startBroker(): Promise<string[]> {
  const broker = await createBroker()
  broker.unref()
  return broker.bootstrap
}

/** A name of its own for each run, so that examples can run side by side and again. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${Date.now().toString(36)}-${process.pid}`
}
