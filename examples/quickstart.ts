/**
 * The quickstart: real flights of the year 2001 go as typed events through Kafka to two members of a consumer group.
 * Uses the brokers named in KAFKA_BROKERS; otherwise a broker inside this process, which is gone at the end.
 */
import { readFile } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { dirname, join } from 'node:path'
import { json, Kafka, string, topic, type Admin } from 'typed-kafka'
import { z } from 'zod'
import { brokers, uniqueName } from './support/environment'

const Flight = z.object({
  date: z.string(),
  origin: z.string().length(3),
  destination: z.string().length(3),
  distance: z.number(),
  delay: z.number(),
})
type Flight = z.infer<typeof Flight>

const flights = topic(uniqueName('flights'), { key: string(), value: json(Flight) })
const groupId = uniqueName('delays')
const partitions = 6

async function main(): Promise<void> {
  console.log(`brokers: ${brokers.join(', ')}${process.env.KAFKA_BROKERS ? '' : ', inside this process'}`)
  const kafka = new Kafka({ clientId: 'quickstart', brokers })
  const admin = kafka.admin()
  await admin.createTopics([{ name: flights.name, partitions, replicationFactor: 1 }])
  console.log(`created topic ${flights.name} with ${partitions} partitions`)

  const data = await readFlights()
  const published = await publish(kafka, data)
  await consume(kafka, admin, data.length)

  console.log(
    `done: ${data.length} messages, ${Math.round(published.bytes / 1024)} KiB of JSON, ` +
      `${Math.round(data.length / published.seconds)} messages/s out, ${partitions} partitions, lag 0`,
  )
  await admin.deleteTopics([flights.name])
  await admin.close()
}

await main().catch((error: unknown) => {
  console.error(`The quickstart failed: ${error instanceof Error ? error.message : String(error)}`)
  process.exitCode = 1
})

/** The data set of the package vega-datasets: 20,000 flights within the United States. */
async function readFlights(): Promise<Flight[]> {
  const main = createRequire(import.meta.url).resolve('vega-datasets')
  const text = await readFile(join(dirname(main), '..', 'data', 'flights-20k.json'), 'utf8')
  return z.array(Flight).parse(JSON.parse(text))
}

async function publish(kafka: Kafka, data: readonly Flight[]): Promise<{ bytes: number; seconds: number }> {
  await using producer = kafka.producer()
  const start = performance.now()
  let sent = 0
  let bytes = 0
  for (let at = 0; at < data.length; at += 1000) {
    const messages = data.slice(at, at + 1000).map((flight) => ({ key: flight.origin, value: flight }))
    await producer.send(flights, messages)
    for (const { value } of messages) bytes += JSON.stringify(value).length
    sent += messages.length
    progress(`published ${sent} of ${data.length}`, sent === data.length)
  }
  return { bytes, seconds: (performance.now() - start) / 1000 }
}

async function consume(kafka: Kafka, admin: Admin, total: number): Promise<void> {
  let handled = 0
  const done = new AbortController()
  const members = ['A', 'B'].map((name) => ({
    name,
    consumer: kafka.consumer({ groupId, topics: [flights], startFrom: 'earliest' }),
    count: 0,
    late: 0,
    partitions: new Set<number>(),
  }))
  const running = members.map((member) =>
    member.consumer.run(
      (message) => {
        member.count++
        member.partitions.add(message.partition)
        if (message.value.delay > 30) member.late++
        if (member.count % 2500 === 0) {
          const { date, origin, destination, delay } = message.value
          console.log(
            `  member ${member.name}: ${member.count} flights, now ${date} ${origin} to ${destination}, ${delay} min late`,
          )
        }
        if (++handled === total) done.abort()
      },
      { signal: done.signal },
    ),
  )
  await Promise.all(running)
  for (const member of members) await member.consumer.close()
  await requireNoLag(admin)
  for (const { name, count, late, partitions: own } of members) {
    console.log(
      `member ${name}: ${count} flights (${late} over half an hour late) from partitions ${[...own].sort().join(', ')}`,
    )
  }
}

async function requireNoLag(admin: Admin): Promise<void> {
  const ends = await admin.listOffsets(
    Array.from({ length: partitions }, (_, partition) => ({
      topic: flights.name,
      partition,
      at: 'latest' as const,
    })),
  )
  const [group] = await admin.listGroupOffsets([{ groupId }])
  const lag = ends.reduce((sum, end) => {
    const committed = group?.offsets.find((own) => own.partition === end.partition)
    return sum + (end.offset ?? 0n) - (committed?.offset ?? 0n)
  }, 0n)
  if (lag !== 0n) throw new Error(`The group still lags by ${lag} messages`)
}

/** Rewrites one line on a terminal; elsewhere only the last state is printed. */
function progress(text: string, last: boolean): void {
  if (process.stdout.isTTY) process.stdout.write(`\r${text}${last ? '\n' : ''}`)
  else if (last) console.log(text)
}
