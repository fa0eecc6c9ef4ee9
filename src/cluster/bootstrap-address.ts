/** One entry of the option `brokers`, taken apart. */
export interface HostAndPort {
  readonly host: string
  readonly port: number
}

const hostName = /^[a-zA-Z0-9_]([a-zA-Z0-9_.-]*[a-zA-Z0-9_.])?$/
const ipv6 = /^[0-9a-fA-F:.]+(%[a-zA-Z0-9]+)?$/

/**
 * `host:port`, `1.2.3.4:port` or `[::1]:port`.
 * @returns what is wrong, as text, when it is none of these
 */
export function parseBootstrapAddress(text: string): HostAndPort | string {
  const address = text.trim()
  const scheme = /^([a-zA-Z][a-zA-Z0-9+.-]*):\/\//.exec(address)
  if (scheme !== null) {
    return `write 'host:port' without '${scheme[0]}'; encryption and authentication are the options tls and sasl`
  }
  const bracketed = /^\[([^\]]+)\]:(\d+)$/.exec(address)
  const plain = /^([^:]+):(\d+)$/.exec(address)
  const [, host = '', portText = ''] = bracketed ?? plain ?? []
  if (host === '') {
    if (address.split(':').length > 2) return "write an IPv6 address in brackets, as '[::1]:9092'"
    return "a port is needed, as 'host:9092'"
  }
  const port = Number(portText)
  if (port < 1 || port > 65535) return `port ${portText} is not between 1 and 65535`
  if (bracketed === null ? !hostName.test(host) : !ipv6.test(host)) return `'${host}' is not a host name`
  return { host, port }
}
