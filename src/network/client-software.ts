/** What brokers show as this client's name and version (KIP-511). A test keeps the version equal to the package's. */
export const clientSoftware = { name: 'typed-kafka', version: '0.1.0' } as const

/** Brokers refuse names and versions with other characters, or with a mark at either end. */
export function sanitiseSoftwareName(text: string): string {
  const kept = text.replace(/[^a-zA-Z0-9.-]/g, '-').replace(/^[^a-zA-Z0-9]+|[^a-zA-Z0-9]+$/g, '')
  return kept === '' ? 'unknown' : kept
}
