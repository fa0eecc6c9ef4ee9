// Guards against defects of KafkaJS that show in what it asks brokers and what it takes from them. Each case runs on both;
// what KafkaJS makes of it stands beside.
import { type PeerName, TwoClients } from './rows/two-clients'

const clients = new TwoClients()

// KafkaJS joins the group by a consumer, and needs five seconds to end it; that case is left out.
test('13.10: offsets that an admin sets are committed without joining the group', async () => {
  const topic = clients.topic()
  await clients.produce(topic, 'a', 'b', 'c')
  const groupId = `moved-${topic}`
  const clientId = `admin-${topic}`
  const admin = clients.kafka('typed-kafka', { clientId }).admin()
  await admin.connect()
  try {
    await admin.setOffsets({ groupId, topic, partitions: [{ partition: 0, offset: '2' }] })
    const [found] = await admin.fetchOffsets({ groupId, topics: [topic] })
    expect(found?.partitions[0]?.offset).toBe('2')
    await admin.resetOffsets({ groupId, topic, earliest: true })
    const [reset] = await admin.fetchOffsets({ groupId, topics: [topic] })
    expect(reset?.partitions[0]?.offset).toBe('0')
  } finally {
    await admin.disconnect()
  }
  const { requests } = clients.cluster
  expect(requests.filter({ api: 'OffsetCommit', clientId })).toHaveLength(2)
  expect(requests.filter({ api: 'JoinGroup', clientId })).toEqual([])
})

describe('13.12 records that were damaged on their way', () => {
  async function readThroughDamage(peer: PeerName): Promise<string[]> {
    const topic = clients.topic()
    await clients.produce(topic, 'good')
    let isDamaged = false
    const heal = clients.cluster.on('Fetch', async (_, exchange) => {
      const response = await exchange.proceed()
      if (response === undefined || isDamaged) return response
      const responses = response.responses.map((one) => ({
        ...one,
        partitions: one.partitions.map((data) => {
          const damaged = damage(data.records)
          isDamaged ||= damaged !== undefined
          return damaged === undefined ? data : { ...data, records: damaged }
        }),
      }))
      return { ...response, responses }
    })
    const seen: string[] = []
    await clients.running(peer, topic, {
      eachMessage: async ({ message }) => void seen.push(String(message.value)),
    })
    await clients.until(() => isDamaged, 'the damage')
    heal()
    await clients.until(() => seen.length > 0, 'the message')
    return seen
  }

  /** The bytes with another value in their record; undefined where there is none. */
  function damage(records: Uint8Array | readonly Uint8Array[] | null): Buffer | undefined {
    if (records === null) return undefined
    const bytes = records instanceof Uint8Array ? Buffer.from(records) : Buffer.concat(records)
    const at = bytes.indexOf('good')
    if (at < 0) return undefined
    bytes.write('evil', at)
    return bytes
  }

  test('13.12: are not handed out, but read again', async () => {
    expect(await readThroughDamage('typed-kafka')).toEqual(['good'])
  })

  test('13.12: KafkaJS hands them out: it does not look at checksums', async () => {
    expect(await readThroughDamage('KafkaJS')).toEqual(['evil'])
  })
})

describe('13.23 timers', () => {
  async function wrongDelays(peer: PeerName): Promise<unknown[]> {
    const topic = clients.topic()
    const delays = jest.spyOn(globalThis, 'setTimeout')
    try {
      await clients.produce(topic, 'a')
      const kafka = clients.kafka(peer)
      const producer = kafka.producer()
      await producer.connect()
      await producer.send({ topic, messages: [{ value: 'b' }] })
      await producer.disconnect()
      return delays.mock.calls.map(([, ms]) => ms).filter((ms) => ms !== undefined && !(ms >= 0))
    } finally {
      delays.mockRestore()
    }
  }

  test('13.23: never run for less than no time', async () => {
    expect(await wrongDelays('typed-kafka')).toEqual([])
  })

  test('13.23: those of KafkaJS do, which Node warns of', async () => {
    expect((await wrongDelays('KafkaJS')).length).toBeGreaterThan(0)
  })
})

test('13.20: the work for the messages of one send grows with their number; that of KafkaJS with its square', async () => {
  const count = 15_000
  const workMs = async (peer: PeerName): Promise<number> => {
    const topic = clients.topic()
    const producer = clients.kafka(peer).producer()
    await producer.connect()
    await producer.send({ topic, messages: [{ value: 'first' }] })
    const messages = Array.from({ length: count }, (_, i) => ({ value: `${i}` }))
    const before = process.cpuUsage()
    await producer.send({ topic, messages })
    const { user, system } = process.cpuUsage(before)
    await producer.disconnect()
    expect(clients.cluster.records(topic)).toHaveLength(count + 1)
    return (user + system) / 1_000
  }
  const ours = await workMs('typed-kafka')
  expect(await workMs('KafkaJS')).toBeGreaterThan(3 * ours)
}, 30_000)
