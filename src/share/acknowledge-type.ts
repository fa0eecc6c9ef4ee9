/**
 * What a member says of a message that it was given:
 * - `accept`: it is done; nobody gets it again
 * - `release`: it can be given again, to any member; its delivery count grows
 * - `reject`: it can't be processed; nobody gets it again
 * - `renew`: it is still being worked on; its lock starts anew (KIP-1222)
 */
export type AcknowledgeType = 'accept' | 'release' | 'reject' | 'renew'

/** The numbers on the wire. A gap is an offset without a message: it was compacted away, or is a marker. */
export const acknowledgeCode = { gap: 0, accept: 1, release: 2, reject: 3, renew: 4 } as const

/** A type or gap by its number on the wire. */
export type AcknowledgeCode = (typeof acknowledgeCode)[keyof typeof acknowledgeCode]

const names: readonly (AcknowledgeType | 'gap')[] = ['gap', 'accept', 'release', 'reject', 'renew']

/** The type's name. */
export function acknowledgeName(code: number): AcknowledgeType | 'gap' {
  return names[code] ?? 'gap'
}
