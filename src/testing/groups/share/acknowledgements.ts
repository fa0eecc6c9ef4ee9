import { fail } from '../../contracts/kafka-failure'

/** What a member says of a record. */
export const AcknowledgeType = { gap: 0, accept: 1, release: 2, reject: 3, renew: 4 } as const

/** What a member says of a range of offsets: one type for all, or one for each. */
export interface AcknowledgementBatch {
  readonly firstOffset: bigint
  readonly lastOffset: bigint
  readonly acknowledgeTypes: readonly number[]
}

/** Checks the form of the acknowledgements for one partition. @throws INVALID_REQUEST without words, as Kafka */
export function checkAcknowledgements(batches: readonly AcknowledgementBatch[], mayRenew: boolean): void {
  const highest = mayRenew ? AcknowledgeType.renew : AcknowledgeType.reject
  let previousLast = -1n
  for (const { firstOffset, lastOffset, acknowledgeTypes } of batches) {
    const isOrdered = firstOffset <= lastOffset && firstOffset > previousLast
    const hasTypes =
      acknowledgeTypes.length === 1 || BigInt(acknowledgeTypes.length) === lastOffset - firstOffset + 1n
    const areKnown = acknowledgeTypes.every((type) => type >= AcknowledgeType.gap && type <= highest)
    if (!isOrdered || !hasTypes || acknowledgeTypes.length === 0 || !areKnown) throw fail('INVALID_REQUEST')
    previousLast = lastOffset
  }
}

/** The type for one offset of a batch. */
export function typeAt(batch: AcknowledgementBatch, offset: bigint): number {
  const { acknowledgeTypes, firstOffset } = batch
  return acknowledgeTypes[acknowledgeTypes.length === 1 ? 0 : Number(offset - firstOffset)] as number
}
