/** The brokers an example talks to: `KAFKA_BROKERS`, a list with commas, or the usual local address. */
export const brokers: readonly string[] = (process.env.KAFKA_BROKERS ?? 'localhost:9092').split(',')

/** A name of its own for each run, so that examples can run side by side and again. */
export function uniqueName(prefix: string): string {
  return `${prefix}-${Date.now().toString(36)}-${process.pid}`
}
