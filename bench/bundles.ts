import { type BundleSize, bundleSize } from './build-client'
import { type Client, versionOf } from './clients'

/** The class or function that each client is entered by. */
const entries: Readonly<Record<string, string>> = {
  'typed-kafka': 'Kafka',
  kafkajs: 'Kafka',
  platformatic: 'Producer, Consumer',
  'kafka-ts': 'createKafkaClient',
  kafkats: 'KafkaClient',
}

/** Sizes of the clients that are script throughout, by title. */
export async function measureBundles(clients: readonly Client[]): Promise<Record<string, BundleSize>> {
  const sizes: Record<string, BundleSize> = {}
  for (const client of clients) {
    const names = entries[client.name]
    if (names === undefined) continue
    const version = versionOf(client)
    const title = version === undefined ? client.title : `${client.title} ${version}`
    sizes[title] = await bundleSize(client, names)
  }
  return sizes
}
