import { Deadline } from '../base/deadline'
import { AbortedError, ClosedError, KafkaError } from '../base/errors'
import type { Cluster, ClusterLease } from '../cluster/cluster'
import type { AdminCall } from './admin-call'
import type { ResolvedAdminOptions } from './admin-options'
import type { ResolvedCallOptions } from './call-options'

const subject = 'The admin client'

/**
 * The calls under way of one admin client. It owns the client's lease on the cluster, taken with the first call, and
 * its life: open, closing (no new calls, those under way go on), closed.
 */
export class AdminCalls {
  readonly #cluster: Cluster
  readonly #options: ResolvedAdminOptions
  readonly #running = new Map<AbortController, Promise<void>>()
  #lease: ClusterLease | undefined
  #closed: Promise<void> | undefined

  constructor(cluster: Cluster, options: ResolvedAdminOptions) {
    this.#cluster = cluster
    this.#options = options
  }

  /**
   * Runs one call under its deadline.
   * @throws ClosedError after `close()`, and when closing ended the call
   */
  async run<T>(
    what: string,
    options: ResolvedCallOptions,
    body: (call: AdminCall) => Promise<T>,
  ): Promise<T> {
    if (this.#closed !== undefined) throw new ClosedError(subject)
    const { signal } = options
    if (signal?.aborted) throw new AbortedError(what, signal)
    this.#lease ??= this.#cluster.lease()
    const controller = new AbortController()
    const onAbort = () => controller.abort(signal?.reason)
    signal?.addEventListener('abort', onAbort, { once: true })
    const running = this.#body(what, options, controller.signal, body)
    this.#running.set(
      controller,
      running.then(ignore, ignore).finally(() => this.#running.delete(controller)),
    )
    try {
      return await running
    } finally {
      signal?.removeEventListener('abort', onAbort)
    }
  }

  async #body<T>(
    what: string,
    options: ResolvedCallOptions,
    signal: AbortSignal,
    body: (call: AdminCall) => Promise<T>,
  ): Promise<T> {
    const timeoutMs = options.timeoutMs ?? this.#options.defaultApiTimeoutMs
    const deadline = new Deadline(this.#cluster.clock, what, timeoutMs, signal)
    const { requestTimeoutMs } = this.#options
    try {
      return await body({ cluster: this.#cluster, deadline, requestTimeoutMs })
    } catch (error) {
      // Closing ends calls by their signal too; to the caller that is not an abort of theirs.
      if (error instanceof AbortedError && signal.reason instanceof ClosedError) throw signal.reason
      throw KafkaError.from(error, `${what} failed`)
    }
  }

  /** Waits for the calls under way, at most `closeTimeoutMs`, ends the rest and releases the cluster. */
  close(): Promise<void> {
    this.#closed ??= this.#close()
    return this.#closed
  }

  async #close(): Promise<void> {
    await this.#settled()
    for (const controller of this.#running.keys()) controller.abort(new ClosedError(subject))
    await Promise.all(this.#running.values())
    await this.#lease?.release()
  }

  /** Resolves when no call is under way, or the time for that is over. */
  async #settled(): Promise<void> {
    if (this.#running.size === 0) return
    await new Promise<void>((resolve) => {
      const timer = this.#cluster.clock.setTimer(this.#options.closeTimeoutMs, resolve)
      void Promise.all(this.#running.values()).then(() => {
        timer.cancel()
        resolve()
      })
    })
  }
}

function ignore(): void {}
