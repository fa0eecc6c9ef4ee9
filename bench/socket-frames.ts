import { createConnection } from 'node:net'
import { fetchApi } from '../src/wire/generated/client/fetch'
import { produceApi } from '../src/wire/generated/client/produce'
import type { ClientApi } from '../src/wire/api'
import { decodeResponseHeader, encodeRequestHeader } from '../src/wire/headers'
import { Reader } from '../src/wire/primitives/reader'
import { Writer } from '../src/wire/primitives/writer'
import { encodeRecordBatch } from '../src/wire/records/encode-record-batch'
import { readRecordBatches } from '../src/wire/records/record-batch-reader'
import { keys, payloads } from './measured/payload.mjs'
import type { Spec, Workload } from './workloads'

const produceVersion = 9
const fetchVersion = 12
const recordsPerBatch = 500
const partitions = [0, 1, 2]

/** What the socket alone has to do for a workload: a frame that it sends again and again, and what one is worth. */
export async function socketSpec(workload: Workload, brokers: string[], topic: string): Promise<Spec> {
  const { kind, valueBytes, seconds, maxSeconds } = workload.spec
  const frame =
    kind === 'consume'
      ? fetchFrame(topic)
      : produceFrame(topic, typeof valueBytes === 'number' ? valueBytes : 0)
  const messagesPerFrame =
    kind === 'consume' ? await messagesFetched(brokers, frame) : partitions.length * recordsPerBatch
  const inFlight = kind === 'consume' ? 2 : 5
  return {
    kind: 'socket',
    brokers,
    frame: frame.toString('base64'),
    messagesPerFrame,
    inFlight,
    seconds: seconds ?? maxSeconds,
  }
}

/** A batch of 500 messages for each of three partitions, acks all, without a producer id: it may be sent again. */
function produceFrame(topic: string, valueBytes: number): Buffer {
  const values = payloads(valueBytes)
  const timestamp = Date.now()
  const batch = encodeRecordBatch({
    records: Array.from({ length: recordsPerBatch }, (_, i) => ({
      timestamp,
      key: keys[i] ?? null,
      value: values[i % values.length] ?? null,
    })),
  })
  const partitionData = partitions.map((index) => ({ index, records: batch }))
  const request = { acks: -1, timeoutMs: 30_000, topicData: [{ name: topic, partitionData }] }
  return frameOf(produceApi, request, produceVersion)
}

/** A fetch without a session, from the beginning of each partition. */
function fetchFrame(topic: string): Buffer {
  const request = {
    maxWaitMs: 500,
    minBytes: 1,
    maxBytes: 50 << 20,
    topics: [
      {
        topic,
        partitions: partitions.map((partition) => ({
          partition,
          fetchOffset: 0n,
          partitionMaxBytes: 1 << 20,
        })),
      },
    ],
  }
  return frameOf(fetchApi, request, fetchVersion)
}

function frameOf<Request>(api: ClientApi<Request, unknown>, request: Request, version: number): Buffer {
  const writer = new Writer()
  encodeRequestHeader(writer, api, version, 1, 'bench')
  api.encodeRequest(writer, request, version)
  const body = Buffer.concat(writer.finish())
  const size = Buffer.alloc(4)
  size.writeInt32BE(body.length)
  return Buffer.concat([size, body])
}

/** Asks once, to know how many messages one answer brings. */
async function messagesFetched(brokers: readonly string[], frame: Buffer): Promise<number> {
  const reader = new Reader(await exchange(brokers[0] ?? '', frame))
  decodeResponseHeader(reader, fetchApi, fetchVersion)
  const { responses } = fetchApi.decodeResponse(reader, fetchVersion)
  let messages = 0
  for (const { records } of responses.flatMap((topic) => topic.partitions)) {
    for (const batch of records === null ? [] : readRecordBatches(records)) messages += batch.recordsCount
  }
  return messages
}

function exchange(broker: string, frame: Buffer): Promise<Buffer> {
  const [host, port] = broker.split(':')
  return new Promise((resolve, reject) => {
    const socket = createConnection({ host, port: Number(port) })
    const chunks: Buffer[] = []
    socket.once('error', reject)
    socket.on('data', (chunk: Buffer) => {
      chunks.push(chunk)
      const all = Buffer.concat(chunks)
      if (all.length < 4 || all.length < all.readInt32BE(0) + 4) return
      socket.destroy()
      resolve(all.subarray(4))
    })
    socket.write(frame)
  })
}
