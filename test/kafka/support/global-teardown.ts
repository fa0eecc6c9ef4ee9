import './global-setup'

/** Stops the brokers that the suites shared. */
export default async function globalTeardown(): Promise<void> {
  await globalThis.typedKafkaShared?.close()
}
