import type { BrokerApi } from '../../wire/api'
import type { Principal } from './principal'
import type { Authentication } from './security'
import type { BrokerNode } from './brokers'

/** One client's connection, as the handlers see it. */
export interface ClientSession {
  /** Unique in the cluster's life. */
  readonly id: number
  /** Who authenticated; `User:ANONYMOUS` where nobody has to. */
  readonly principal: Principal
  /** Address of the client, such as `127.0.0.1`. */
  readonly clientHost: string
  /** Name and version from ApiVersions (KIP-511); `unknown` before. */
  readonly softwareName: string
  readonly softwareVersion: string
  /** What SaslHandshake and SaslAuthenticate talk to; undefined where the listener asks for no SASL. */
  readonly authentication?: Authentication | undefined
  /** Fires when the connection is gone: what waits for it can be given up. */
  readonly ended: AbortSignal
}

/** Where a request came from and how it was asked. */
export interface RequestContext {
  /** The broker that was asked. */
  readonly broker: BrokerNode
  readonly session: ClientSession
  readonly apiVersion: number
  readonly clientId: string | null
  /** Set by a handler that was told to slow the client down; the connection then also mutes itself (KIP-219). */
  throttleMs: number
  /**
   * Set by a handler that cannot say otherwise that it failed: the connection is closed, and nothing is answered. So
   * Kafka does when a Produce request with acks 0 is refused.
   */
  closeConnection?: boolean
}

/** What answers one API. Undefined means that no response is sent, as for Produce with acks 0. */
export type Handle<Request, Response> = (
  request: Request,
  context: RequestContext,
) => Response | undefined | Promise<Response | undefined>

/** An API with what answers it. Requests of one connection are answered one after the other, as Kafka does. */
export interface ApiHandler<Request = unknown, Response = unknown> {
  readonly api: BrokerApi<Request, Response>
  /** A method, so that handlers of all APIs fit into one list. */
  handle(request: Request, context: RequestContext): Response | undefined | Promise<Response | undefined>
}

/** Ties an API to what answers it; the types of request and response are the API's. */
export function handler<Request, Response>(
  api: BrokerApi<Request, Response>,
  handle: Handle<Request, Response>,
): ApiHandler<Request, Response> {
  return { api, handle }
}
