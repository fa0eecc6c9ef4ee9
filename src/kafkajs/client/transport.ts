import type { Socket } from 'node:net'
import type { ConnectionOptions } from 'node:tls'
import type { KafkaOptions, SocketFactory, TlsOptions } from '../../index'
import { KafkaJSConnectionError } from '../errors/client-errors'
import { isMissing } from '../is-missing'
import type { ISocketFactory, KafkaConfig } from '../types/config'

/** How bytes come to a broker: what `ssl` and `socketFactory` say. */
export function transportOf({
  ssl,
  socketFactory,
}: KafkaConfig): Pick<KafkaOptions, 'tls' | 'socketFactory'> {
  if (isMissing(socketFactory)) return { tls: tlsOf(ssl) }
  // A factory made for KafkaJS speaks TLS by itself.
  return { tls: false, socketFactory: socketFactoryOf(socketFactory, ssl) }
}

const tlsKeys = [
  'ca',
  'cert',
  'key',
  'passphrase',
  'pfx',
  'servername',
  'rejectUnauthorized',
  'checkServerIdentity',
  'minVersion',
  'maxVersion',
  'ciphers',
  'ALPNProtocols',
  'secureContext',
  'secureOptions',
  'secureProtocol',
  'sigalgs',
  'ecdhCurve',
  'dhparam',
  'crl',
  'minDHSize',
  'session',
] as const satisfies readonly (keyof TlsOptions)[]

/** An object, also an empty one, is TLS; so is everything else that counts as true. */
function tlsOf(ssl: KafkaConfig['ssl']): boolean | TlsOptions {
  if (typeof ssl !== 'object' || ssl === null) return Boolean(ssl)
  return Object.fromEntries(
    tlsKeys.filter((key) => !isMissing(ssl[key]) && !isOldMinimum(key, ssl)).map((key) => [key, ssl[key]]),
  )
}

/** A least version that is older than our own asks for nothing: every broker speaks 1.2. */
function isOldMinimum(key: keyof TlsOptions, { minVersion }: ConnectionOptions): boolean {
  return key === 'minVersion' && (minVersion === 'TLSv1' || minVersion === 'TLSv1.1')
}

/** Waits for the socket that KafkaJS's factories return before it is connected. */
function socketFactoryOf(factory: ISocketFactory, ssl: KafkaConfig['ssl']): SocketFactory {
  return ({ host, port, signal }) =>
    new Promise<Socket>((resolve, reject) => {
      let socket: Socket | undefined
      let isConnected = false
      const ready = () => {
        isConnected = true
        if (socket !== undefined) resolve(socket)
      }
      try {
        // As in KafkaJS: whatever the config has, whose declaration knows objects only.
        socket = factory({ host, port, ssl: (ssl ?? null) as ConnectionOptions, onConnect: ready })
      } catch (cause) {
        const { message } = cause as Error
        return reject(
          new KafkaJSConnectionError(`Failed to connect: ${message}`, { broker: `${host}:${port}` }),
        )
      }
      const opened = socket
      opened.once('error', reject)
      opened.once('close', () => reject(new KafkaJSConnectionError('Connection closed by the server')))
      opened.once('timeout', () => opened.destroy(new KafkaJSConnectionError('Connection timeout')))
      signal.addEventListener('abort', () => opened.destroy(), { once: true })
      if (isConnected) resolve(opened)
    })
}
