import { systemClock, type Clock } from '../../../../src/base/clock'
import { silentLogger, type Logger } from '../../../../src/base/logger'
import type { BrokerNode } from '../../../../src/testing/contracts/brokers'
import type { Release } from '../../../../src/testing/contracts/release'
import { FaultRules } from '../../../../src/testing/faults/fault-rules'
import { RequestLog } from '../../../../src/testing/faults/request-log'
import type { ApiHandler } from '../../../../src/testing/contracts/api-handler'
import { BrokerServer, type BrokerServerOptions } from '../../../../src/testing/node/broker-server'
import type { Runtime } from '../../../../src/testing/contracts/runtime'
import { brokerApis } from '../../../../src/wire/generated/broker/apis-by-name'

/** Serves every version there are codecs for. */
export const everyVersion: Pick<Release, 'versionsOf'> = {
  versionsOf(apiKey) {
    const api = Object.values(brokerApis).find(({ key }) => key === apiKey)
    return api === undefined ? undefined : { min: api.minVersion, max: api.maxVersion }
  },
}

/** Keeps what is logged. */
export class LogKeeper implements Logger {
  readonly lines: { readonly level: string; readonly message: string; readonly details: unknown }[] = []
  debug = this.#keep('debug')
  info = this.#keep('info')
  warn = this.#keep('warn')
  error = this.#keep('error')

  #keep(level: string): (message: string, details?: Record<string, unknown>) => void {
    return (message, details) => void this.lines.push({ level, message, details })
  }
}

export interface ServerFixtureOptions {
  readonly clock?: Clock
  readonly logger?: Logger
  readonly configs?: Readonly<Record<string, number>>
  readonly release?: Pick<Release, 'versionsOf'>
  readonly authentication?: BrokerServerOptions['authentication']
  readonly id?: number
}

/** A broker's server without a cluster around it. */
export function createServer(
  handlers: readonly ApiHandler[],
  options: ServerFixtureOptions = {},
): BrokerServer {
  const { clock = systemClock, logger = silentLogger, release = everyVersion, id = 1 } = options
  const runtime: Runtime = { clock, logger, random: () => 0.5 }
  const node: BrokerNode = {
    id,
    rack: null,
    host: '127.0.0.1',
    port: 0,
    state: 'running',
    isFenced: false,
    epoch: 0n,
  }
  const numbers: Readonly<Record<string, number>> = {
    'socket.request.max.bytes': 104857600,
    'connections.max.idle.ms': 600000,
    ...options.configs,
  }
  const configs = { brokerNumber: (name: string) => numbers[name] ?? NaN }
  let sessions = 0
  return new BrokerServer({
    node,
    services: { runtime, release, configs },
    handlers,
    faults: new FaultRules(runtime),
    requestLog: new RequestLog(clock),
    nextSessionId: () => ++sessions,
    ...(options.authentication === undefined ? {} : { authentication: options.authentication }),
  })
}
