import type { Deadline } from '../base/deadline'
import { createDeferred } from '../base/deferred'
import { errorKind } from '../base/error-codes'
import { ConnectionError } from '../base/errors'
import type { Cluster, RequestBody } from '../cluster/cluster'
import { meansOtherCoordinator } from '../cluster/retry-policy'
import type { ClientApi } from '../wire/api'
import { CoordinatorWatch } from './coordinator-watch'

export interface GroupRequestOptions<Response> {
  readonly deadline: Deadline
  /** All errors the response carries. */
  readonly errorCodes: (response: Response) => readonly number[]
  /** Milliseconds until the response; `requestTimeoutMs` of the cluster by default. */
  readonly timeoutMs?: number
  readonly minVersion?: number
  readonly maxVersion?: number
  /** Milliseconds between looks at whether the coordinator is still the same; when it is not, the request is given up. */
  readonly coordinatorCheckMs?: number
}

/**
 * Carries the requests of one group to its coordinator, one attempt a call: what to do about an error differs by
 * request, and between two attempts a member may have changed, so the callers retry. Afterwards a coordinator that
 * has moved or does not answer is looked up again.
 *
 * Each purpose has a connection of its own: a JoinGroup waits in the broker for the other members, and what stands
 * behind it on the same connection would wait too, another member of this process included.
 */
export class GroupRequests {
  readonly cluster: Cluster
  readonly groupId: string
  readonly #connection: string

  /** @param connection name of the connection these requests share */
  constructor(cluster: Cluster, groupId: string, connection: string) {
    this.cluster = cluster
    this.groupId = groupId
    this.#connection = connection
  }

  async attempt<Request, Response>(
    api: ClientApi<Request, Response>,
    body: RequestBody<Request>,
    options: GroupRequestOptions<Response>,
  ): Promise<Response> {
    const { deadline, errorCodes, minVersion, maxVersion, coordinatorCheckMs } = options
    const nodeId = await this.cluster.coordinator('group', this.groupId, deadline)
    deadline.throwIfAborted()
    const timeoutMs = Math.min(options.timeoutMs ?? this.cluster.requestTimeoutMs, deadline.remainingMs())
    const signal = deadline.signal
    const sent = this.cluster.send(nodeId, api, body, {
      connection: this.#connection,
      timeoutMs,
      ...(minVersion === undefined ? {} : { minVersion }),
      ...(maxVersion === undefined ? {} : { maxVersion }),
      ...(signal === undefined ? {} : { signal }),
    })
    try {
      const response = await (coordinatorCheckMs === undefined
        ? sent
        : this.#whileCoordinator(nodeId, api.name, sent, coordinatorCheckMs))
      if (errorCodes(response).some((code) => errorKind(code) === 'refreshCoordinator'))
        this.#forgetCoordinator()
      return response
    } catch (error) {
      if (meansOtherCoordinator(error)) this.#forgetCoordinator()
      throw error
    }
  }

  /** Rejects when another broker has become the coordinator before the answer came. */
  async #whileCoordinator<Response>(
    nodeId: number,
    api: string,
    sent: Promise<Response>,
    intervalMs: number,
  ): Promise<Response> {
    const moved = createDeferred<never>()
    moved.promise.catch(() => {})
    const { groupId } = this
    const watch = new CoordinatorWatch(this.cluster, groupId, nodeId, intervalMs, () => {
      const what = `${api} was given up: another broker became the coordinator of the group`
      moved.reject(new ConnectionError('COORDINATOR_MOVED', what, { groupId, nodeId, maybeWritten: true }))
      // The old one would answer nothing else on this connection until it is done with this request.
      this.closeConnection()
    })
    try {
      return await Promise.race([sent, moved.promise])
    } finally {
      watch.end()
    }
  }

  /** Ends the connection, and with it what is in flight on it. */
  closeConnection(): void {
    this.cluster.closeConnections(this.#connection)
  }

  #forgetCoordinator(): void {
    this.cluster.forgetCoordinator('group', this.groupId)
  }
}
