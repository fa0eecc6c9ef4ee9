import { type OptionsSchema, resolveOptions } from '../base/options'
import type { Cluster } from '../cluster/cluster'
import type { AdminCall } from './admin-call'
import { AdminCalls } from './admin-calls'
import type { AnyItemResult } from './admin-error'
import { resolveAdminOptions, type AdminOptions, type ResolvedAdminOptions } from './admin-options'
import { callOptionsSchema, type AdminCallOptions, type ResolvedCallOptions } from './call-options'
import { requireAll, type ItemOf } from './item-result'

/** The life of an admin client, and how its calls run; the calls themselves stand in one class per subject. */
export abstract class AdminBase {
  /** The options in force. */
  readonly options: ResolvedAdminOptions
  readonly #calls: AdminCalls

  /** @throws InvalidOptionError */
  constructor(cluster: Cluster, options?: AdminOptions) {
    this.options = resolveAdminOptions(options, cluster.requestTimeoutMs)
    this.#calls = new AdminCalls(cluster, this.options)
  }

  /** Reaches the cluster now, for those who want to fail at start-up. No other call needs it. */
  async connect(options?: AdminCallOptions): Promise<void> {
    await this.call('connect', callOptionsSchema, options, ({ cluster, deadline }) =>
      cluster.metadata.refresh(deadline),
    )
  }

  /** Waits for the calls under way, at most `closeTimeoutMs`, and ends the rest. Can be called twice. */
  close(): Promise<void> {
    return this.#calls.close()
  }

  [Symbol.asyncDispose](): Promise<void> {
    return this.close()
  }

  /** @internal A call with one answer. */
  protected call<Options extends ResolvedCallOptions, T>(
    what: string,
    schema: OptionsSchema<Options>,
    options: unknown,
    body: (call: AdminCall, options: Readonly<Options>) => Promise<T>,
  ): Promise<T> {
    // Inside the promise, so that a wrong option rejects like everything else.
    return Promise.resolve().then(() => {
      const resolved = resolveOptions(schema, what, options)
      return this.#calls.run(what, resolved, (call) => body(call, resolved))
    })
  }

  /** @internal A call over items: its results as they are, or all or nothing. */
  protected items<Options extends ResolvedCallOptions, Key, Result extends Key & AnyItemResult>(
    what: string,
    schema: OptionsSchema<Options>,
    options: unknown,
    describe: (key: Key) => string,
    body: (call: AdminCall, options: Readonly<Options>) => Promise<Result[]>,
  ): Promise<Result[] | ItemOf<Result>[]> {
    return this.call(what, schema, options, async (call, resolved) => {
      const results = await body(call, resolved)
      return resolved.partial ? results : requireAll(what, results, describe)
    })
  }
}
