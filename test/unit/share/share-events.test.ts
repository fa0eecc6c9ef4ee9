// Guards against events that cost something where nobody listens.
import { channel } from 'node:diagnostics_channel'
import { onDiagnostics } from '../../../src'
import { KafkaError } from '../../../src/base/errors'
import { silentLogger } from '../../../src/base/logger'
import { shareEventOutlets } from '../../../src/share/health/share-event-listeners'
import { ShareEvents } from '../../../src/share/health/share-events'

const answer = { nodeId: 1, partitions: 1, byteLength: 10, latencyMs: 5, throttleMs: 0 }

/** All that there is to tell of. */
function tellAll(events: ShareEvents, countRecords: () => number): void {
  const error = new KafkaError('DISCONNECTED', 'The connection ended')
  const partitions = [{ topic: 't', partition: 0 }]
  const stall = { kind: 'fetch', since: 0, durationMs: 1, partitions, nodeId: 1, reason: 'none' }
  const result = { topic: 't', partition: 0, ranges: [], error: undefined }
  events.joined('m', 1, 5)
  events.sessionLost('fenced')
  events.partitionsMoved('assigned', partitions)
  events.partitionsMoved('revoked', partitions)
  events.fetched(answer, 3, countRecords)
  events.fetchFailed(1, 5, error)
  events.acknowledgementEnded(1, result)
  events.acknowledgementEnded(1, { ...result, error })
  events.locksExpired({ topic: 't', partition: 0 }, 2)
  events.stallBegan(stall)
  events.stallEnded(stall)
  events.error(error, false)
}

const names = Object.keys(shareEventOutlets({}, silentLogger)).map((name) =>
  name.replace(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`),
)

test('without a listener nothing is published, and no records are counted', () => {
  const channels = names.map((name) => channel(`typed-kafka:share-consumer:${name}`))
  const published = channels.map((one) => jest.spyOn(one, 'publish'))
  const countRecords = jest.fn(() => 3)
  tellAll(new ShareEvents('c', 'g', shareEventOutlets({}, silentLogger)), countRecords)
  for (const publish of published) expect(publish).not.toHaveBeenCalled()
  expect(countRecords).not.toHaveBeenCalled()
  jest.restoreAllMocks()
})

test('each goes to its own listener and its own channel, once', () => {
  const heard: string[] = []
  const outlets = shareEventOutlets(
    { fetched: ({ recordCount, acquiredCount }) => heard.push(`fetched ${recordCount} ${acquiredCount}`) },
    silentLogger,
  )
  const ends = [
    onDiagnostics('typed-kafka:share-consumer:acknowledged', ({ groupId }) => heard.push(`taken ${groupId}`)),
    onDiagnostics('typed-kafka:share-consumer:acknowledgement-failed', ({ error }) => heard.push(error.code)),
    onDiagnostics('typed-kafka:share-consumer:partitions-revoked', ({ partitions }) =>
      heard.push(`revoked ${partitions.length}`),
    ),
  ]
  tellAll(new ShareEvents('c', 'g', outlets), () => 4)
  for (const end of ends) end()
  expect(heard).toEqual(['revoked 1', 'fetched 4 3', 'taken g', 'DISCONNECTED'])
})
