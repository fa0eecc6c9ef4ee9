import type { KafkaError } from '../base/errors'
import type { AcknowledgedRange } from '../base/share-diagnostics'
import type { TopicPartition } from '../base/topic-partition'

/** What became of acknowledgements for one partition. */
export interface AcknowledgementResult extends TopicPartition {
  readonly ranges: readonly AcknowledgedRange[]
  /**
   * Undefined when the broker took them. Otherwise none of them counts as far as is known, and the messages will be
   * delivered again, to this member or another: `INVALID_RECORD_STATE` when the locks were over,
   * `NOT_LEADER_OR_FOLLOWER` when the partition moved to another broker, `SHARE_SESSION_NOT_FOUND` and
   * `INVALID_SHARE_SESSION_EPOCH` when the broker had ended the session, an error of the connection when there was no
   * answer.
   */
  readonly error: KafkaError | undefined
}
