import { rmSync } from 'node:fs'
import './global-setup'

/** Stops the brokers that the suites shared, and removes the projects of the peers. */
export default async function globalTeardown(): Promise<void> {
  const { kafka, folder } = globalThis.typedKafkaDropIn ?? {}
  await kafka?.close()
  if (folder !== undefined) rmSync(folder, { recursive: true, force: true })
}
