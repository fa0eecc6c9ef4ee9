import { InvalidArgumentError } from '../../base/errors'
import type { HandledWork, WatchedWork } from '../../message/handler-watch'
import type { Message } from '../../message/message'
import { MessageBatch } from '../../message/message-batch'
import type { PartitionState } from '../partition-state'
import type { BatchContext, HandlerContext } from './handler-context'

/** A partition being worked on. Made once a slice, so that a message costs no object beside its handler's promise. */
export interface Lane extends HandledWork {
  readonly state: PartitionState
  /**
   * While a handler is waited for: the oldest unfinished message of those that it was given, which the partition's tracker
   * has too.
   */
  message: Message | undefined
  /** All that the handler was given, when these are several. */
  batch: readonly Message[] | undefined
  /** How many of them are not finished. */
  length: number
  /** What the handler gets beside single messages. */
  context: HandlerContext
  /** Finished since the delivery was told last. */
  finished: number
  /** Failures in a row at `failedAt`. */
  failures: number
  failedAt: Message | undefined
  /** So many messages are handed out one by one: one of them makes a batch fail. */
  singles: number
  /** Set once a handler had to be waited for. */
  work: WatchedWork | undefined
  readonly onResolved: () => void
  readonly onRejected: (error: unknown) => void
}

/** What a hand-out answers with when the partition's slice is used up. */
export const nothingLeft = Symbol('nothing left')

/** Gives the partition's next messages to the user's handler; answers with what that gives back. */
export type HandOut = (lane: Lane) => unknown

/** One message at a time. */
export function messageHandOut<M extends Message>(
  handler: (message: M, context: HandlerContext) => unknown,
): HandOut {
  return (lane) => {
    const { reader, tracker } = lane.state
    const message = reader.next()
    if (message === undefined) return nothingLeft
    tracker.current = message
    return handler(message as M, lane.context)
  }
}

/** All that the slice has, or one at a time while the message is searched at which a batch fails. */
export function batchHandOut<M extends Message>(
  handler: (batch: MessageBatch<M>, context: BatchContext<M>) => unknown,
  onProgress: (finished: number) => void,
): HandOut {
  return (lane) => {
    const { state } = lane
    const messages = state.reader.takeSlice(lane.singles > 0 ? 1 : undefined) as M[]
    const [first] = messages
    if (first === undefined) return nothingLeft
    state.tracker.current = first
    lane.batch = messages
    lane.length = messages.length
    const { signal, attempt, stop } = lane.context
    const finish = finisher(lane, messages, onProgress)
    const ends = { highWatermark: state.highWatermark, endOffset: state.reader.position }
    const batch = new MessageBatch(state.definition, state.partition, messages, ends)
    return handler(batch, { signal, attempt, stop, finish, isBeingRevoked: () => !state.isOwned })
  }
}

/** Moves the beginning of what is unfinished behind a message of the batch, for as long as the handler works on it. */
function finisher<M extends Message>(
  lane: Lane,
  messages: readonly M[],
  onProgress: (finished: number) => void,
): (message: M) => void {
  const { state } = lane
  let next = 0
  return (message) => {
    const index = messages.indexOf(message, next)
    if (index < 0) {
      if (messages.includes(message)) return
      throw new InvalidArgumentError('finish: the message is not one of the batch')
    }
    // After the handler's end, a seek or a revocation, what it says counts no longer.
    if (lane.batch !== messages || state.tracker.current !== messages[next]) return
    const finished = index + 1 - next
    next = index + 1
    state.tracker.current = lane.message = messages[next]
    lane.length -= finished
    onProgress(finished)
  }
}
