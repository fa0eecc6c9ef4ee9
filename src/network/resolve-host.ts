import { isIP } from 'node:net'
import { nodeModule } from '../base/node-module'

/** All addresses of a name, in the order the system prefers them. */
export type HostResolver = (host: string) => Promise<readonly string[]>

/** Asks the system, as every other program on the machine does; an address is its own answer. */
export const systemHostResolver: HostResolver = async (host) => {
  if (isIP(host) !== 0) return [host]
  const found = await nodeModule('node:dns/promises').lookup(host, { all: true, order: 'verbatim' })
  return [...new Set(found.map((entry) => entry.address))]
}
