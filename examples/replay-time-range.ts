/**
 * Reads what happened between two moments once more, without a group: each partition ends by itself, and so does the
 * loop. Progress is known from the first message on.
 *
 *     npx tsx examples/replay-time-range.ts
 */
import { json, Kafka, string, topic } from 'typed-kafka'
import { brokers, uniqueName } from './support/environment'

interface Measurement {
  readonly celsius: number
}

const kafka = new Kafka({ clientId: 'example-replay', brokers })
const measurements = topic(uniqueName('measurements'), { key: string(), value: json<Measurement>() })

const admin = kafka.admin()
await admin.createTopics([{ name: measurements.name, partitions: 3, replicationFactor: 1 }])

// A day of measurements, one a minute.
const midnight = new Date().setUTCHours(0, 0, 0, 0) - 86_400_000
const minuteMs = 60_000
const producer = kafka.producer()
await producer.send(
  measurements,
  Array.from({ length: 24 * 60 }, (_, minute) => ({
    key: `sensor-${minute % 7}`,
    value: { celsius: 15 + 5 * Math.sin(minute / 200) },
    timestamp: midnight + minute * minuteMs,
  })),
)
await producer.close()

const from = new Date(midnight + 8 * 60 * minuteMs)
const to = new Date(midnight + 10 * 60 * minuteMs)
const consumer = kafka.consumer({
  assign: [measurements],
  startFrom: { timestamp: from },
  until: { timestamp: to },
})

let count = 0
let sum = 0
for await (const { value } of consumer) {
  count++
  sum += value.celsius
  if (count % 40 === 0) console.log(`read ${Math.round((consumer.progress().ratio ?? 0) * 100)} %`)
}
console.log(`${count} measurements from 8 to 10 o'clock, ${(sum / count).toFixed(1)} °C on average`)

await consumer.close()
await admin.deleteTopics([measurements.name])
await admin.close()
