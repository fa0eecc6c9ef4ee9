import type { BrokersFunction as CoreBrokersFunction } from '../../index'
import { KafkaJSConnectionError } from '../errors/client-errors'
import { KafkaJSNonRetriableError } from '../errors/kafkajs-error'
import type { BrokersFunction } from '../types/config'

type Brokers = string[] | BrokersFunction | null | undefined

/**
 * The addresses for our own `Kafka`: a function is asked anew when none of those that it gave leads anywhere any more.
 * @param now what it gave a moment ago
 */
export function coreBrokers(
  brokers: Brokers,
  now: readonly string[],
): readonly string[] | CoreBrokersFunction {
  if (typeof brokers !== 'function') return now
  let isFirst = true
  return async () => {
    if (!isFirst) return await brokersOf(brokers)
    isFirst = false
    return now
  }
}

/** The addresses now. @throws KafkaJSNonRetriableError when they are none, KafkaJSConnectionError when the function fails */
export async function brokersOf(brokers: Brokers): Promise<string[]> {
  const list: unknown = typeof brokers === 'function' ? await callBrokers(brokers) : brokers
  if (list === null || list === undefined) {
    throw new KafkaJSNonRetriableError('Failed to connect: brokers should not be null')
  }
  const addresses = list as unknown[]
  if (addresses.length === 0) {
    throw new KafkaJSNonRetriableError('Failed to connect: brokers array is empty')
  }
  return addresses.map((address, index) => {
    if (typeof address === 'string' && address !== '') return address
    throw new KafkaJSNonRetriableError(
      `Failed to connect: broker at index ${index} is invalid "${typeof address}"`,
    )
  })
}

async function callBrokers(brokers: BrokersFunction): Promise<unknown> {
  try {
    return await brokers()
  } catch (cause) {
    const { message } = cause as Error
    throw new KafkaJSConnectionError(`Failed to connect: "config.brokers" threw: ${message}`)
  }
}
