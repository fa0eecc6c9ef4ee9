// Guards the command: it listens where it says, tells what is wrong in one sentence, and leaves nothing behind.
import { spawn, type ChildProcess } from 'node:child_process'
import { once } from 'node:events'
import { createServer, type AddressInfo } from 'node:net'
import { Kafka } from '../../src'

const children: ChildProcess[] = []

afterEach(() => {
  for (const child of children.splice(0)) child.kill('SIGKILL')
})

function start(...args: string[]) {
  const child = spawn(process.execPath, ['--import', 'tsx', 'src/cli/main.ts', ...args], {
    stdio: ['ignore', 'pipe', 'pipe'],
    env: { ...process.env, NODE_OPTIONS: '' },
  })
  children.push(child)
  const output = { out: '', error: '' }
  child.stdout.on('data', (text: Buffer) => (output.out += String(text)))
  child.stderr.on('data', (text: Buffer) => (output.error += String(text)))
  const ended = once(child, 'close').then(([code]) => ({ code: code as number | null, ...output }))
  const saying = async (pattern: RegExp): Promise<RegExpMatchArray> => {
    for (;;) {
      const match = output.out.match(pattern)
      if (match !== null) return match
      await Promise.race([
        once(child.stdout, 'data'),
        ended.then((end) => Promise.reject(new Error(end.error))),
      ])
    }
  }
  return { child, ended, saying }
}

describe('typed-kafka broker', () => {
  test('runs brokers that clients can use, until it is told to stop', async () => {
    const { child, ended, saying } = start('broker', '--port', '0', '--topic', 'orders:3', '--brokers', '2')
    const [, addresses = ''] = await saying(/development and tests: (.*)\n {2}topic orders, 3 partitions/)
    expect(addresses.split(', ')).toHaveLength(2)
    const producer = new Kafka({ brokers: addresses.split(', ') }).producer()
    expect(await producer.send('orders', { value: 'x' })).toMatchObject({ topic: 'orders', offset: 0n })
    await producer.close()
    child.kill('SIGTERM')
    expect(await ended).toMatchObject({ code: 0, error: '' })
  }, 30_000)

  test('a port in use ends in one sentence that names it', async () => {
    const other = createServer().listen(0, '127.0.0.1')
    await once(other, 'listening')
    const { port } = other.address() as AddressInfo
    const end = await start('broker', '--port', String(port)).ended
    other.close()
    expect(end.code).toBe(2)
    expect(end.error).toContain(`another program listens on 127.0.0.1:${port}`)
    expect(end.error.trim().split('\n')).toHaveLength(1)
  }, 30_000)

  test.each([
    [['broker', '--config', 'mesage.max.bytes=1'], "did you mean 'message.max.bytes'?"],
    [['broker', '--kafka', '0.9'], '0.9'],
    [['brokr'], "Unknown command 'brokr'"],
  ])(
    '%j ends with what is wrong',
    async (args, problem) => {
      const end = await start(...args).ended
      expect(end.code).toBe(2)
      expect(end.error).toContain(problem)
    },
    30_000,
  )
})
