import { errorCodeOf, errorMessageOf, fail } from '../../contracts/kafka-failure'
import type { RequestContext } from '../../contracts/api-handler'
import type { Services } from '../../contracts/services'
import { type AcknowledgementBatch, checkAcknowledgements } from './acknowledgements'
import { requireLedPartition } from './share-reader'
import type { SharePartitionRef } from './share-sessions'
import type { ShareStates } from './share-states'

/** What a request says of one partition's records. */
export interface PartitionAcknowledgements {
  readonly ref: SharePartitionRef
  readonly batches: readonly AcknowledgementBatch[]
}

/** What became of the acknowledgements for one partition. */
export interface AcknowledgedPartition {
  readonly ref: SharePartitionRef
  readonly errorCode: number
  readonly errorMessage: string | null
}

/** Takes the acknowledgements of a request, each partition on its own. */
export function acknowledgeAll(
  services: Services,
  states: ShareStates,
  context: RequestContext,
  member: { readonly groupId: string; readonly memberId: string; readonly mayRenew: boolean },
  all: readonly PartitionAcknowledgements[],
): AcknowledgedPartition[] {
  return all.map(({ ref, batches }) => {
    try {
      if (services.topics.byId(ref.topicId) === undefined) throw fail('UNKNOWN_TOPIC_ID')
      checkAcknowledgements(batches, member.mayRenew)
      const partition = requireLedPartition(services, context, ref)
      const state = states.serve(member.groupId, partition)
      if (state === undefined) throw fail('UNKNOWN_TOPIC_OR_PARTITION')
      state.acknowledge(member.memberId, batches)
      return { ref, errorCode: 0, errorMessage: null }
    } catch (error) {
      return { ref, errorCode: errorCodeOf(error), errorMessage: errorMessageOf(error) }
    }
  })
}
