// L22, L11: a broker that answers nonsense must cost a call its time limit at most: no crash, no hang, no rejection that
// nobody handles (the test runner fails on those).
import { createServer, type Server, type Socket } from 'node:net'
import { Kafka, KafkaError, silentLogger } from 'typed-kafka'

/** A small generator of its own, so that a failing seed can be run again. */
function seeded(seed: number): () => number {
  let state = seed
  return () => {
    state = (Math.imul(state, 1_664_525) + 1_013_904_223) >>> 0
    return state / 2 ** 32
  }
}

/** What a hostile broker does with each request it gets. */
type Answer = (socket: Socket, correlationId: number, random: () => number) => void

function randomBytes(length: number, random: () => number): Buffer {
  return Buffer.from(Array.from({ length }, () => Math.floor(random() * 256)))
}

function frame(correlationId: number, body: Buffer): Buffer {
  const head = Buffer.alloc(8)
  head.writeInt32BE(body.length + 4)
  head.writeInt32BE(correlationId, 4)
  return Buffer.concat([head, body])
}

const answers: Record<string, Answer> = {
  'random bytes behind the right correlation id': (socket, id, random) =>
    socket.write(frame(id, randomBytes(Math.floor(random() * 200), random))),
  'random frames': (socket, _id, random) => socket.write(randomBytes(1 + Math.floor(random() * 60), random)),
  'an empty body': (socket, id) => socket.write(frame(id, Buffer.alloc(0))),
  zeros: (socket, id, random) => socket.write(frame(id, Buffer.alloc(Math.floor(random() * 300)))),
  'a length of two gigabytes': (socket) => socket.write(Buffer.from([0x7f, 0xff, 0xff, 0xff, 0, 0, 0, 0])),
  'a negative length': (socket) => socket.write(Buffer.from([0xff, 0xff, 0xff, 0xfe])),
  'the end of the connection': (socket) => socket.destroy(),
}

async function listen(answer: Answer, random: () => number): Promise<{ server: Server; port: number }> {
  const server = createServer((socket) => {
    socket.on('error', () => {})
    socket.on('data', (bytes) => {
      if (bytes.length >= 12) answer(socket, bytes.readInt32BE(8), random)
    })
  })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  if (address === null || typeof address === 'string') throw new Error('no port')
  return { server, port: address.port }
}

/** One call of each kind; every one has to end in a KafkaError. */
async function askEverything(answer: Answer, seed: number): Promise<void> {
  const { server, port } = await listen(answer, seeded(seed))
  const kafka = new Kafka({
    brokers: [`127.0.0.1:${port}`],
    logger: silentLogger,
    requestTimeoutMs: 300,
    reconnectBackoffMs: 1,
    retryBackoffMs: 1,
  })
  const producer = kafka.producer({ maxBlockMs: 400, deliveryTimeoutMs: 400 })
  const admin = kafka.admin({ defaultApiTimeoutMs: 400 })
  const consumer = kafka.consumer({ groupId: 'g', topics: ['t'], defaultApiTimeoutMs: 400 })
  try {
    const run = consumer.run(() => {})
    const calls = [
      producer.send('t', { value: 'x' }),
      admin.listTopics(),
      admin.createTopics([{ name: 't' }]),
      consumer.connect(),
    ]
    const outcomes = await Promise.allSettled(calls)
    await consumer.close({ timeoutMs: 300 })
    await Promise.allSettled([run])
    for (const outcome of outcomes) {
      expect(outcome).toMatchObject({ status: 'rejected' })
      expect((outcome as PromiseRejectedResult).reason).toBeInstanceOf(KafkaError)
    }
  } finally {
    await Promise.all([consumer.close({ timeoutMs: 300 }), producer.close({ timeoutMs: 300 }), admin.close()])
    await new Promise((resolve) => server.close(resolve))
  }
}

describe('a client at a broker that answers nonsense', () => {
  it.each(Object.entries(answers))(
    'L22, L11: ends every call with an error, given %s',
    async (_name, answer) => {
      for (let seed = 1; seed <= 5; seed++) await askEverything(answer, seed)
    },
    60_000,
  )
})
