import type { BatchContext, Message as CoreMessage, MessageBatch, TopicPartition } from '../../index'
import { finalError, isRetriable, RetryPauses, type RetrySettings } from '../client/retry'
import { KafkaJSError } from '../errors/kafkajs-error'
import type { Batch, ConsumerRunConfig } from '../types/consumer'
import type { IBatchProcessEvent } from '../types/events'
import type { Logger } from '../types/logger'
import type { Offsets } from '../types/metadata'
import { kafkaBatch, kafkaMessage } from './consumed-batch'
import type { OffsetLedger, PartitionProgress } from './offset-ledger'

/** What the handling of batches needs of its consumer. */
export interface BatchRunnerHost {
  readonly ledger: OffsetLedger
  readonly logger: Logger
  readonly retry: RetrySettings
  readonly isRunning: () => boolean
  /** Resolves when the consumer stops, or after so many milliseconds. */
  readonly pauseFor: (ms: number) => Promise<void>
  /** How often the partition was sought until now. */
  readonly seeksOf: (at: TopicPartition) => { readonly count: number }
  readonly isPaused: (at: TopicPartition) => boolean
  /** Stops reading the partition; the answer resumes it. */
  readonly pause: (at: TopicPartition) => () => void
  /** Goes on reading there. */
  readonly returnTo: (at: TopicPartition, offset: bigint) => void
  readonly heartbeat: () => void
  /** Commits what is done; with offsets exactly these. */
  readonly commit: (offsets?: Offsets) => Promise<void>
  /** Whether a commit is due by the program's interval or threshold. */
  readonly isCommitDue: () => boolean
  readonly autoCommit: () => Promise<void>
  readonly batchStarted: (event: IBatchProcessEvent) => void
  readonly batchEnded: (event: IBatchProcessEvent & { duration: number }) => void
  /** The consumer crashes. */
  readonly crash: (error: Error) => void
}

/** One batch while it is worked on. */
interface Work {
  readonly at: TopicPartition
  readonly context: BatchContext<CoreMessage>
  readonly progress: PartitionProgress
  readonly seeks: { readonly count: number }
  /** What `seeks` counted when the batch came. */
  readonly seekCount: number
}

/** The group is being divided anew: whoever works on a partition that moves is told so by its heartbeat. */
export type RebalanceError = () => KafkaJSError

/**
 * Hands batches of ours to `eachMessage` or `eachBatch`: what failed is handed out again from the first message that is
 * not done, after pauses that grow, until it works or the consumer crashes.
 */
export class BatchRunner {
  readonly #host: BatchRunnerHost
  readonly #config: ConsumerRunConfig
  readonly #rebalanceError: RebalanceError

  constructor(host: BatchRunnerHost, config: ConsumerRunConfig, rebalanceError: RebalanceError) {
    this.#host = host
    this.#config = config
    this.#rebalanceError = rebalanceError
  }

  /** Resolves when nothing more is to be done with the batch; what is not done then is read again. */
  async run(batch: MessageBatch, context: BatchContext<CoreMessage>): Promise<void> {
    const host = this.#host
    const at = { topic: batch.topic, partition: batch.partition }
    const seeks = host.seeksOf(at)
    const progress = host.ledger.begin(at, batch.firstOffset)
    const work: Work = { at, context, progress, seeks, seekCount: seeks.count }
    await this.#untilDone(batch, work)
    if (this.#isOver(work)) return
    const next = host.ledger.next(at)
    if (next !== undefined && next !== batch.lastOffset + 1n) host.returnTo(at, next)
  }

  async #untilDone(batch: MessageBatch, work: Work): Promise<void> {
    const { retry, ledger, pauseFor } = this.#host
    let pauses = new RetryPauses(retry)
    let retryCount = 0
    let messages: readonly CoreMessage[] = batch.messages
    while (messages.length > 0 && !this.#isOver(work)) {
      try {
        return await this.#once(batch, messages, work)
      } catch (caught) {
        const error = caught as Error
        if (this.#isOver(work)) return
        const next = ledger.next(work.at) ?? batch.firstOffset
        const isProgress = next > (messages[0] as CoreMessage).offset
        if (isProgress) {
          retryCount = 0
          pauses = new RetryPauses(retry)
        }
        if (!isRetriable(error) || retryCount >= retry.retries) {
          return this.#host.crash(finalError(error, retryCount, pauses.next))
        }
        retryCount++
        await pauseFor(pauses.take())
        messages = messages.filter(({ offset }) => offset >= next)
      }
    }
  }

  /** True when the rest of the batch is no business of this consumer any more. */
  #isOver({ context, seeks, seekCount }: Work): boolean {
    if (!this.#host.isRunning() || seeks.count !== seekCount) return true
    return context.signal.aborted || context.isBeingRevoked()
  }

  async #once(batch: MessageBatch, messages: readonly CoreMessage[], work: Work): Promise<void> {
    const startedAt = Date.now()
    const handed = this.#config.eachMessage ? undefined : kafkaBatch(batch, messages)
    const event = describe(batch, messages)
    this.#host.batchStarted(event)
    if (handed === undefined) await this.#eachMessage(messages, work)
    else await this.#eachBatch(handed, messages, work)
    this.#host.batchEnded({ ...event, duration: Date.now() - startedAt })
    await this.#host.autoCommit()
    this.#host.heartbeat()
  }

  async #eachMessage(messages: readonly CoreMessage[], work: Work): Promise<void> {
    const { at, context, progress } = work
    const host = this.#host
    const { topic, partition } = at
    const heartbeat = this.#heartbeat(context)
    const pause = () => host.pause(at)
    for (const message of messages) {
      if (this.#isOver(work)) return
      const { offset } = message
      try {
        await this.#config.eachMessage?.({
          topic,
          partition,
          message: kafkaMessage(message),
          heartbeat,
          pause,
        })
      } catch (error) {
        await this.#failed('eachMessage', at, offset.toString(), error as Error)
        throw error
      }
      if (work.seeks.count !== work.seekCount) return
      progress.resolved = offset + 1n
      host.heartbeat()
      if (host.isCommitDue()) await host.autoCommit()
      if (host.isPaused(at)) return
    }
  }

  async #eachBatch(batch: Batch, messages: readonly CoreMessage[], work: Work): Promise<void> {
    const { at, context, progress, seeks } = work
    const { ledger, isRunning } = this.#host
    const isStale = () => seeks.count !== work.seekCount || context.isBeingRevoked()
    try {
      await this.#config.eachBatch?.({
        batch,
        resolveOffset: (offset) => {
          if (!isStale()) progress.resolved = BigInt(offset) + 1n
        },
        heartbeat: this.#heartbeat(context),
        pause: () => this.#host.pause(at),
        commitOffsetsIfNecessary: async (offsets) => {
          if (offsets) await this.#host.commit(offsets)
          else if (this.#host.isCommitDue()) await this.#host.autoCommit()
        },
        uncommittedOffsets: () => ledger.uncommitted(),
        isRunning,
        isStale,
      })
    } catch (error) {
      await this.#failed('eachBatch', at, batch.firstOffset(), error as Error)
      throw error
    }
    const last = messages.at(-1)
    if (this.#config.eachBatchAutoResolve === false || last === undefined || isStale()) return
    progress.resolved = last.offset + 1n
  }

  /** Heartbeats are sent by themselves; what a handler learns by its own is that its partition moves. */
  #heartbeat(context: BatchContext<CoreMessage>): () => Promise<void> {
    return async () => {
      if (context.isBeingRevoked() || context.signal.aborted) throw this.#rebalanceError()
      this.#host.heartbeat()
    }
  }

  async #failed(
    handler: 'eachMessage' | 'eachBatch',
    { topic, partition }: TopicPartition,
    offset: string | null,
    error: Error,
  ): Promise<void> {
    if (!(error instanceof KafkaJSError)) {
      const details = { topic, partition, offset, stack: error?.stack, error }
      this.#host.logger.error(`Error when calling ${handler}`, details)
    }
    await this.#host.autoCommit()
  }
}

function describe(
  { topic, partition, highWatermark }: MessageBatch,
  messages: readonly CoreMessage[],
): IBatchProcessEvent {
  const first = (messages[0] as CoreMessage).offset
  const last = (messages.at(-1) as CoreMessage).offset
  return {
    topic,
    partition,
    highWatermark: highWatermark.toString(),
    offsetLag: (highWatermark - 1n - last).toString(),
    offsetLagLow: (highWatermark - 1n - first).toString(),
    batchSize: messages.length,
    firstOffset: first.toString(),
    lastOffset: last.toString(),
  }
}
