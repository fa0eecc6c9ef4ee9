import type * as tls from 'node:tls'
import { loadNodeModule } from '../base/node-module'

/** Node's module for TLS, loaded by the first connection that speaks it. */
export function nodeTls(): typeof tls {
  return loadNodeModule('node:tls') as typeof tls
}
