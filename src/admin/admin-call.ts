import type { Deadline } from '../base/deadline'
import type { Cluster, RequestBody, RequestTarget, ResponseError } from '../cluster/cluster'
import type { ClientApi } from '../wire/api'

/** One call of a user while it runs: the cluster it goes to and the one deadline of all its requests. */
export interface AdminCall {
  readonly cluster: Cluster
  readonly deadline: Deadline
  readonly requestTimeoutMs: number
}

export interface AttemptOptions<Response> {
  readonly minVersion?: number
  readonly maxVersion?: number
  /** The error of the response as a whole, if it has one. */
  readonly errorOf?: (response: Response) => ResponseError | undefined
}

/** Carries a request to any broker or the controller, tried again by the cluster's own policy. */
export function request<Request, Response>(
  call: AdminCall,
  target: RequestTarget,
  api: ClientApi<Request, Response>,
  body: RequestBody<Request>,
  options: AttemptOptions<Response> = {},
): Promise<Response> {
  return call.cluster.request(target, api, body, {
    ...options,
    deadline: call.deadline,
    timeoutMs: requestTimeoutMs(call),
  })
}

/**
 * One attempt on one broker. For requests whose broker may change between attempts (leaders, coordinators): the
 * caller looks it up again before it tries again.
 */
export function attempt<Request, Response>(
  call: AdminCall,
  nodeId: number,
  api: ClientApi<Request, Response>,
  body: RequestBody<Request>,
  options: Omit<AttemptOptions<Response>, 'errorOf'> & { readonly timeoutMs?: number } = {},
): Promise<Response> {
  const { signal } = call.deadline
  return call.cluster.send(nodeId, api, body, {
    timeoutMs: requestTimeoutMs(call),
    ...options,
    ...(signal === undefined ? {} : { signal }),
  })
}

/** Milliseconds one request may take: never more than the call has left. Goes into requests that carry a timeout too. */
export function requestTimeoutMs(call: AdminCall): number {
  return Math.max(1, Math.ceil(Math.min(call.requestTimeoutMs, call.deadline.remainingMs())))
}
