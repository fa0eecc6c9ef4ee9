import type {
  BatchContext,
  Message as CoreMessage,
  MessageBatch,
  RecordsPassedOverEvent,
  TopicPartition,
} from '../../index'
import { KafkaJSError } from '../errors/kafkajs-error'
import type { ConsumerRunConfig, EachBatchHandler, EachMessageHandler } from '../types/consumer'
import type { IBatchProcessEvent } from '../types/events'
import type { Logger } from '../types/logger'
import type { BatchFailures } from './batch-failures'
import { batchEvent, emptyBatchEvent, kafkaBatch, kafkaMessage } from './consumed-batch'
import type { OffsetCommits } from './offset-commits'
import type { OffsetLedger, PartitionProgress } from './offset-ledger'

/** What the handling of batches needs of its consumer. */
export interface BatchRunnerHost {
  readonly ledger: OffsetLedger
  readonly commits: OffsetCommits
  readonly failures: BatchFailures
  readonly logger: Logger
  readonly isRunning: () => boolean
  /** How often the partition was sought until now. */
  readonly seeksOf: (at: TopicPartition) => { readonly count: number }
  readonly isPaused: (at: TopicPartition) => boolean
  /** Stops reading the partition; the answer resumes it. */
  readonly pause: (at: TopicPartition) => () => void
  /** Goes on reading there. */
  readonly returnTo: (at: TopicPartition, offset: bigint) => void
  /** Reads nothing of the partition for so many milliseconds. */
  readonly rest: (at: TopicPartition, ms: number) => void
  readonly batchStarted: (event: IBatchProcessEvent) => void
  readonly batchEnded: (event: IBatchProcessEvent & { duration: number }) => void
  /** The consumer crashes. */
  readonly crash: (error: Error) => void
}

/** One batch while it is worked on. */
interface Work {
  readonly at: TopicPartition
  readonly batch: MessageBatch
  readonly context: BatchContext<CoreMessage>
  readonly progress: PartitionProgress
  readonly seeks: { readonly count: number }
  /** What `seeks` counted when the batch came. */
  readonly seekCount: number
}

/** The group is being divided anew: whoever works on a partition that moves is told so by its heartbeat. */
export type RebalanceError = () => KafkaJSError

/** Milliseconds between looks at a partition for which the program has no handler. */
const idleRestMs = 1000

/**
 * Hands batches of ours to `eachMessage` or `eachBatch`. What failed is read again from the first message that is not
 * done, after pauses that grow, until it works or the consumer crashes; other partitions go on meanwhile.
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
    const { ledger, failures, seeksOf, returnTo } = this.#host
    const at = { topic: batch.topic, partition: batch.partition }
    const seeks = seeksOf(at)
    const progress = ledger.begin(at, batch.firstOffset)
    const work: Work = { at, batch, context, progress, seeks, seekCount: seeks.count }
    try {
      await this.#once(work)
      failures.forget(at)
    } catch (error) {
      if (!this.#isOver(work)) this.#react(work, error as Error)
    }
    if (!this.#isOver(work) && progress.resolved !== batch.endOffset) returnTo(at, progress.resolved)
  }

  /** Reading moved over records of which none is handed out: they are done, and told of as a batch without messages. */
  passedOver(passed: RecordsPassedOverEvent): void {
    const { ledger, commits, batchStarted, batchEnded } = this.#host
    const progress = ledger.begin(passed, passed.fromOffset)
    if (progress.resolved < passed.fromOffset) return
    const event = emptyBatchEvent(passed)
    batchStarted(event)
    progress.resolved = passed.endOffset
    batchEnded({ ...event, duration: 0 })
    // What is refused now is committed with the next messages, or when the partition is given up.
    if (commits.isAutomaticDue()) commits.automatic().catch(() => {})
  }

  /** A program that has paused the partition says itself when it is read again, whatever failed. */
  #react({ at, progress }: Work, error: Error): void {
    if (this.#host.isPaused(at)) return
    const reaction = this.#host.failures.add(at, progress.resolved, error)
    if ('crash' in reaction) this.#host.crash(reaction.crash)
    else this.#host.rest(at, reaction.pauseMs)
  }

  /** True when the rest of the batch is no business of this consumer any more. */
  #isOver({ context, seeks, seekCount }: Work): boolean {
    if (!this.#host.isRunning() || seeks.count !== seekCount) return true
    return context.signal.aborted || context.isBeingRevoked()
  }

  async #once(work: Work): Promise<void> {
    const { batch, at } = work
    const { commits, batchStarted, batchEnded, rest } = this.#host
    const startedAt = Date.now()
    const event = batchEvent(batch)
    batchStarted(event)
    if (this.#config.eachMessage) await this.#eachMessage(work, this.#config.eachMessage)
    else if (this.#config.eachBatch) await this.#eachBatch(work, this.#config.eachBatch)
    else rest(at, idleRestMs)
    batchEnded({ ...event, duration: Date.now() - startedAt })
    await commits.automatic()
  }

  async #eachMessage(work: Work, eachMessage: EachMessageHandler): Promise<void> {
    const { at, batch, context, progress } = work
    const host = this.#host
    const { topic, partition } = at
    const heartbeat = this.#heartbeat(context)
    const pause = () => host.pause(at)
    const { lastOffset, endOffset } = batch
    for (const message of batch.messages) {
      if (this.#isOver(work)) return
      const { offset } = message
      try {
        await eachMessage({ topic, partition, message: kafkaMessage(message), heartbeat, pause })
      } catch (error) {
        await this.#failed('eachMessage', at, offset, error as Error)
        throw error
      }
      if (work.seeks.count !== work.seekCount) return
      progress.resolved = offset === lastOffset ? endOffset : offset + 1n
      if (host.commits.isAutomaticDue()) await host.commits.automatic()
      if (host.isPaused(at)) return
    }
  }

  async #eachBatch(work: Work, eachBatch: EachBatchHandler): Promise<void> {
    const { at, batch, context, progress, seeks } = work
    const { ledger, commits, isRunning, pause } = this.#host
    const { lastOffset, endOffset } = batch
    const isSought = () => seeks.count !== work.seekCount
    const isStale = () => isSought() || context.isBeingRevoked()
    try {
      await eachBatch({
        batch: kafkaBatch(batch, progress.resolved),
        resolveOffset: (text) => {
          // Of a partition that is being given up it counts: the rebalance waits for this handler, and for its commit.
          if (isSought()) return
          const offset = BigInt(text)
          progress.resolved = offset === lastOffset ? endOffset : offset + 1n
        },
        heartbeat: this.#heartbeat(context),
        pause: () => pause(at),
        commitOffsetsIfNecessary: async (offsets) => {
          if (offsets || commits.isDue()) await commits.resolved(offsets)
        },
        uncommittedOffsets: () => ledger.uncommitted(),
        isRunning,
        isStale,
      })
    } catch (error) {
      await this.#failed('eachBatch', at, batch.firstOffset, error as Error)
      throw error
    }
    if (this.#config.eachBatchAutoResolve !== false && !isStale()) progress.resolved = endOffset
  }

  /** Heartbeats are sent by themselves; what a handler learns by its own is that its partition moves. */
  #heartbeat(context: BatchContext<CoreMessage>): () => Promise<void> {
    return async () => {
      if (context.isBeingRevoked() || context.signal.aborted) throw this.#rebalanceError()
    }
  }

  async #failed(
    handler: 'eachMessage' | 'eachBatch',
    { topic, partition }: TopicPartition,
    offset: bigint,
    error: Error,
  ): Promise<void> {
    if (!(error instanceof KafkaJSError)) {
      const details = { topic, partition, offset: offset.toString(), stack: error?.stack, error }
      this.#host.logger.error(`Error when calling ${handler}`, details)
    }
    await this.#host.commits.automatic()
  }
}
