import type { Clock } from '../base/clock'
import { KafkaError } from '../base/errors'
import type { Logger } from '../base/logger'
import { formatTopicPartition } from '../base/topic-partition'
import type { HandledWork, HandlerWatch } from '../message/handler-watch'
import { acknowledgeCode, type AcknowledgeType } from './acknowledge-type'
import type { ShareBuffer } from './share-buffer'
import type { ShareMessage } from './share-message'

/** One way of handing messages out: `for await` or `run`. There is one at a time. */
export interface ShareDelivery {
  /** Messages may be there that were not before. */
  wake(): void
  /** Hands nothing out any more; resolves when the handlers that run have come back. Never rejects. */
  stop(): Promise<void>
  /** As `stop`; then the user's call rejects with this. */
  fail(error: KafkaError): void
}

/** What every delivery works with. */
export interface ShareDeliveryTools {
  readonly clock: Clock
  readonly logger: Logger
  readonly buffer: ShareBuffer
  readonly watch: HandlerWatch
  readonly isExplicit: boolean
  /** A handler came back after it had been told late: the group can be joined again. */
  readonly onRecovered: () => void
}

/** What a handler works on, looked up when somebody asks. */
export function handledBy(open: () => ShareMessage | undefined): HandledWork {
  return {
    get state() {
      return open()
    },
    get message() {
      return open()
    },
  }
}

/** What becomes of a message whose handler failed. */
export type FailedAs = Exclude<AcknowledgeType, 'renew'>

/** Says it of a message, unless the user has said something final. */
export function concludeAs(message: ShareMessage, type: FailedAs): void {
  const { said } = message
  if (said === undefined || said === acknowledgeCode.renew) message.say(acknowledgeCode[type])
}

/** A handler came back, and its consumer acknowledges by hand, and it did not. */
export function notAcknowledged(message: ShareMessage): KafkaError {
  const { topic, partition, offset } = message
  return new KafkaError(
    'NOT_ACKNOWLEDGED',
    `The message at offset ${offset} was not acknowledged, and the next one was asked for: with acknowledgementMode 'explicit' ` +
      'call message.acknowledge() for each before that. It was released',
    { topic, partition },
  )
}

/** For logs. */
export function whichMessage(message: ShareMessage): Record<string, unknown> {
  const { offset, deliveryCount } = message
  return { partition: formatTopicPartition(message), offset, deliveryCount }
}
