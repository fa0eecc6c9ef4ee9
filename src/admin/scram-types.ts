/** A SCRAM mechanism that users can have a credential for (KIP-554). */
export type ScramMechanismName = 'SCRAM-SHA-256' | 'SCRAM-SHA-512'

/** All of them. */
export const scramMechanismNames = [
  'SCRAM-SHA-256',
  'SCRAM-SHA-512',
] as const satisfies readonly ScramMechanismName[]

/** Kafka's numbers. */
export const scramMechanismCodes: Readonly<Record<ScramMechanismName, number>> = {
  'SCRAM-SHA-256': 1,
  'SCRAM-SHA-512': 2,
}

/** `SCRAM-SHA-256 of user 'alice'`, for messages. */
export function describeCredential({
  user,
  mechanism,
}: {
  readonly user: string
  readonly mechanism: string
}): string {
  return `${mechanism} of user '${user}'`
}
