import type { ErrorContext } from '../base/errors'

/** A broker as it is reached. Bootstrap addresses have negative node ids until metadata tells who they are. */
export interface BrokerAddress {
  readonly nodeId: number
  readonly host: string
  readonly port: number
}

/** `host:port` as it is written, with brackets around an IPv6 address. */
export function formatAddress(host: string, port: number): string {
  return host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
}

/** How errors name a broker; a bootstrap address has no node id yet. */
export function brokerContext(address: BrokerAddress): ErrorContext {
  const broker = formatAddress(address.host, address.port)
  return address.nodeId < 0 ? { broker } : { broker, nodeId: address.nodeId }
}
