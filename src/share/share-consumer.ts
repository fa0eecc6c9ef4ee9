import { Deadline } from '../base/deadline'
import { InvalidArgumentError } from '../base/errors'
import type { TopicPartition } from '../base/topic-partition'
import type { Cluster } from '../cluster/cluster'
import type { TopicInput } from '../message/topic-input'
import type { AcknowledgeType } from './acknowledge-type'
import type { AcknowledgementResult } from './acknowledgement-result'
import type { ShareConsumerHealth } from './health/share-consumer-health'
import type { ShareConsumerMetrics } from './health/share-consumer-metrics'
import {
  type ResolvedShareConsumerOptions,
  resolveShareConsumerOptions,
  type ShareConsumerOptions,
} from './share-consumer-options'
import type { FailedAs } from './share-delivery'
import { ShareEngine } from './share-engine'
import type { ShareHandlerContext } from './share-handler-context'
import { ShareIteration } from './share-iteration'
import { ShareMessage, type ShareMessageOf } from './share-message'
import { ShareRun } from './share-run'

/** Bounds of one call. */
export interface ShareCallOptions {
  /** Default: `defaultApiTimeoutMs`. */
  readonly timeoutMs?: number | undefined
  readonly signal?: AbortSignal | undefined
}

/** What becomes of a message whose handler failed; a function decides by the error and the message. */
export type FailurePolicy<M extends ShareMessage = ShareMessage> =
  FailedAs | ((error: unknown, message: M) => FailedAs)

export interface ShareRunOptions<M extends ShareMessage = ShareMessage> {
  /** Handlers that run at the same time. Default: 1. */
  readonly concurrency?: number | undefined
  /**
   * What becomes of a message whose handler throws, or rejects, before it acknowledged it: `'release'` has it delivered
   * again, until the group's `share.delivery.count.limit`; `'reject'` gives it up; `'accept'` passes over it. Default:
   * `'release'`.
   */
  readonly onError?: FailurePolicy<M> | undefined
  /** Ends the run as `stop` does. */
  readonly signal?: AbortSignal | undefined
}

const defaultCloseTimeoutMs = 30_000
const failedAs: readonly unknown[] = ['release', 'reject', 'accept'] satisfies readonly FailedAs[]

/**
 * A member of a share group (KIP-932): messages of a partition are shared among members one by one, each is locked for
 * the member it was given to until it is acknowledged, and what is not acknowledged in time is delivered again. It
 * connects on first use. Messages are handed out by one of `for await` and `run` at a time.
 */
export class ShareConsumer<Topics extends readonly TopicInput[] = readonly TopicInput[]>
  implements AsyncIterable<ShareMessageOf<Topics>>, AsyncDisposable
{
  /** The options as they apply. */
  readonly options: ResolvedShareConsumerOptions
  readonly #cluster: Cluster
  readonly #engine: ShareEngine

  /** @internal made by `kafka.shareConsumer()` */
  constructor(cluster: Cluster, options: ShareConsumerOptions<Topics>) {
    this.options = resolveShareConsumerOptions(options)
    this.#cluster = cluster
    this.#engine = new ShareEngine(cluster, this.options)
  }

  /**
   * Joins the group. Not needed: it is for those who want to fail at start-up. Rejects with UnsupportedVersionError
   * where the cluster serves no share groups.
   */
  async connect(options: ShareCallOptions = {}): Promise<void> {
    this.#engine.start()
    const deadline = this.#deadline('connect', options)
    const names = this.options.topics.map(({ name }) => name)
    await this.#engine.membership.joined(deadline)
    await this.#cluster.metadata.requireTopics(names, deadline, { allowAutoTopicCreation: false })
  }

  /**
   * Hands out messages one at a time. With acknowledgement mode `implicit` a message is accepted when the loop asks for
   * the next one; with `explicit` it must have been acknowledged by then (else the loop rejects with
   * `NOT_ACKNOWLEDGED`). The one with which the loop is left (`break`, `return`, an error) is released.
   */
  [Symbol.asyncIterator](): AsyncIterableIterator<ShareMessageOf<Topics>> {
    const iteration: ShareIteration<ShareMessageOf<Topics>> = this.#engine.startDelivery(
      (tools) => new ShareIteration(tools, () => this.#engine.endDelivery(iteration)),
    )
    return iteration
  }

  /**
   * Calls the handler for each message until `stop`, `close` or the signal; resolves then. A message whose handler comes
   * back is accepted (with acknowledgement mode `explicit` it must have been acknowledged: else the run rejects with
   * `NOT_ACKNOWLEDGED`); one whose handler fails is released, or what `onError` says, and the run goes on. Rejects when
   * reading fails, or `onError` does.
   */
  async run(
    handler: (message: ShareMessageOf<Topics>, context: ShareHandlerContext) => unknown,
    options: ShareRunOptions<ShareMessageOf<Topics>> = {},
  ): Promise<void> {
    const { concurrency = 1, onError = 'release', signal } = options
    requireRun(handler, concurrency, onError)
    const decide = typeof onError === 'function' ? onError : () => onError
    const delivery = this.#engine.startDelivery(
      (tools) =>
        new ShareRun<ShareMessageOf<Topics>>(
          tools,
          {
            concurrency,
            failedAs: (error, message) => requireFailedAs(decide(error, message as ShareMessageOf<Topics>)),
          },
          handler,
        ),
    )
    const onAbort = () => void delivery.stop()
    if (signal?.aborted) onAbort()
    else signal?.addEventListener('abort', onAbort, { once: true })
    try {
      await delivery.ended()
    } finally {
      signal?.removeEventListener('abort', onAbort)
      this.#engine.endDelivery(delivery)
    }
  }

  /** As `message.acknowledge(type)`. Throws as that does. */
  acknowledge(message: ShareMessage, type: AcknowledgeType = 'accept'): void {
    if (!(message instanceof ShareMessage)) {
      throw new InvalidArgumentError('acknowledge: the first argument must be a message of a share consumer')
    }
    message.acknowledge(type)
  }

  /**
   * Sends all acknowledgements that were made, and resolves with what the brokers said of each partition: a lock that
   * was over is an error in its result (`INVALID_RECORD_STATE`), and never thrown. Acknowledgements that failed since
   * the last commit are among the results. Without this they are sent a moment after they were made.
   */
  async commit(options: ShareCallOptions = {}): Promise<readonly AcknowledgementResult[]> {
    return await this.#engine.commit(this.#deadline('commit', options))
  }

  /** The partitions that this member reads now; others may read them too. */
  assignment(): TopicPartition[] {
    return this.#engine.assignment().map(({ topic, partition }) => ({ topic, partition }))
  }

  /**
   * How this share consumer is at this moment, without asking anybody: its partitions with what is held of each and
   * what it waits for, its place in the group, and what has not moved for `stallTimeoutMs`, with the reason.
   */
  health(): ShareConsumerHealth {
    return this.#engine.monitor.health()
  }

  /** What this share consumer did and how it stands, by the names of Java's metrics. */
  metrics(): ShareConsumerMetrics {
    return this.#engine.monitor.metrics()
  }

  /** How long a message is locked for the member it was given to; undefined before the first answer of a broker. */
  get acquisitionLockTimeoutMs(): number | undefined {
    return this.#engine.held.lockTimeoutMs
  }

  /** This member's id in its group, as tools show it. */
  get memberId(): string {
    return this.#engine.membership.memberId
  }

  /**
   * Ends the loop or run that is under way once its running handlers have come back, and sends what was acknowledged.
   * The consumer stays in the group and can be read again. Not to be awaited inside a handler.
   */
  async stop(options: ShareCallOptions = {}): Promise<void> {
    await this.#engine.stopDelivery()
    // What a close under way sends needs no sending here.
    if (!this.#engine.isClosing) await this.#engine.commit(this.#deadline('stop', options))
  }

  /**
   * Stops, waits for running handlers, sends what was acknowledged, gives back the rest, leaves the group and frees
   * everything, all within `timeoutMs` (default 30,000). Never rejects. A second call waits for the first.
   */
  async close(options: { readonly timeoutMs?: number } = {}): Promise<void> {
    await this.#engine.close(options.timeoutMs ?? defaultCloseTimeoutMs)
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.close()
  }

  #deadline(what: string, { timeoutMs, signal }: ShareCallOptions): Deadline {
    return new Deadline(this.#cluster.clock, what, timeoutMs ?? this.options.defaultApiTimeoutMs, signal)
  }
}

function requireRun(handler: unknown, concurrency: unknown, onError: unknown): void {
  if (typeof handler !== 'function') {
    throw new InvalidArgumentError(`run takes a function that handles messages, not ${typeof handler}`)
  }
  if (!Number.isSafeInteger(concurrency) || (concurrency as number) < 1) {
    throw new InvalidArgumentError(
      `concurrency is ${String(concurrency)}; it must be a whole number of 1 or more`,
    )
  }
  if (typeof onError !== 'function') requireFailedAs(onError)
}

function requireFailedAs(value: unknown): FailedAs {
  if (failedAs.includes(value)) return value as FailedAs
  throw new InvalidArgumentError(
    `run: onError is '${String(value)}'; it must be 'release', 'reject' or 'accept', or a function that answers one of them`,
  )
}
