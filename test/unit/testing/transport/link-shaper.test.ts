// Guards against slow, split, cut or corrupted lines that lose bytes they should carry, or carry what they should not.
import type { ByteStream } from '../../../../src/testing/transport/byte-stream'
import type { LinkShape } from '../../../../src/testing/transport/link-shape'
import { LinkShaper } from '../../../../src/testing/transport/link-shaper'
import { FakeClock } from '../../support/fake-clock'

class PlainStream implements ByteStream {
  readonly remoteAddress = 'here'
  readonly principal = undefined
  onData: (chunk: Buffer) => void = () => {}
  onDrain: () => void = () => {}
  onClosed: () => void = () => {}
  readonly written: Buffer[] = []
  isPaused = false
  isOpen = true

  write(pieces: readonly Uint8Array[]): boolean {
    for (const piece of pieces) this.written.push(Buffer.from(piece))
    return true
  }

  pause(): void {
    this.isPaused = true
  }

  resume(): void {
    this.isPaused = false
  }

  close(): void {
    this.destroy()
  }

  destroy(): void {
    if (!this.isOpen) return
    this.isOpen = false
    this.onClosed()
  }
}

function start(shape?: LinkShape): {
  clock: FakeClock
  shaper: LinkShaper
  plain: PlainStream
  shaped: ByteStream
  received: Buffer[]
} {
  const clock = new FakeClock()
  const shaper = new LinkShaper(clock)
  shaper.set(shape)
  const plain = new PlainStream()
  const shaped = shaper.wrap(plain)
  const received: Buffer[] = []
  shaped.onData = (chunk) => void received.push(chunk)
  return { clock, shaper, plain, shaped, received }
}

const text = (chunks: readonly Buffer[]): string => Buffer.concat(chunks).toString()

describe('a shaped connection', () => {
  it('passes bytes as they are, in the same turn, as long as nothing is asked for', () => {
    const { plain, shaped, received } = start()
    const chunk = Buffer.from('request')
    plain.onData(chunk)
    shaped.write([Buffer.from('one'), Buffer.from('two')])
    expect(received[0]).toBe(chunk)
    expect(text(plain.written)).toBe('onetwo')
  })

  it('splits at every byte, both ways', () => {
    const { plain, shaped, received } = start({
      toBroker: { splitAtBytes: 1 },
      toClient: { splitAtBytes: 2 },
    })
    plain.onData(Buffer.from('abc'))
    shaped.write([Buffer.from('defgh')])
    expect(received.map(String)).toEqual(['a', 'b', 'c'])
    expect(plain.written.map(String)).toEqual(['de', 'fg', 'h'])
  })

  it('lets no more bytes a second through than it was told, and holds the sender back', async () => {
    const { clock, plain, received } = start({ toBroker: { bytesPerSecond: 100_000 } })
    for (let i = 0; i < 6; i++) plain.onData(Buffer.alloc(50_000))
    expect(plain.isPaused).toBe(true)
    await clock.advance(1000)
    expect(Buffer.concat(received).length).toBeGreaterThan(98_000)
    expect(Buffer.concat(received).length).toBeLessThan(103_000)
    await clock.advance(2100)
    expect(Buffer.concat(received)).toHaveLength(300_000)
    expect(plain.isPaused).toBe(false)
    expect(clock.pendingTimers).toBe(0)
  })

  it('delays by the latency and keeps the order', async () => {
    const { clock, shaper, plain, shaped } = start({ toClient: { latencyMs: 50 } })
    shaped.write([Buffer.from('first ')])
    await clock.advance(30)
    shaper.set(undefined)
    shaped.write([Buffer.from('second')])
    expect(text(plain.written)).toBe('')
    await clock.advance(19)
    expect(text(plain.written)).toBe('')
    await clock.advance(1)
    expect(text(plain.written)).toBe('first second')
  })

  it('breaks after so many bytes, counted from the moment it was told so, now and on later connections', () => {
    const { shaper, plain, shaped } = start()
    shaped.write([Buffer.from('before')])
    shaper.set({ toClient: { cutAfterBytes: 4 } })
    shaped.write([Buffer.from('abc')])
    expect(plain.isOpen).toBe(true)
    shaped.write([Buffer.from('def')])
    expect(text(plain.written)).toBe('beforeabcd')
    expect(plain.isOpen).toBe(false)
    const later = new PlainStream()
    shaper.wrap(later).write([Buffer.from('123456')])
    expect(text(later.written)).toBe('1234')
    expect(later.isOpen).toBe(false)
  })

  it('turns chosen bytes over and leaves the bytes it was given alone', () => {
    const { plain, shaped } = start({ toClient: { corrupt: (offset) => offset === 2 } })
    const given = Buffer.from([1, 2, 3, 4])
    shaped.write([given])
    shaped.write([given])
    expect([...Buffer.concat(plain.written)]).toEqual([1, 2, 252, 4, 1, 2, 3, 4])
    expect([...given]).toEqual([1, 2, 3, 4])
  })

  it('closes after what is on its way, and leaves no timer when it is destroyed', async () => {
    const slow = { toClient: { latencyMs: 50 } }
    const first = start(slow)
    first.shaped.write([Buffer.from('last words')])
    first.shaped.close()
    expect(first.plain.isOpen).toBe(true)
    await first.clock.advance(50)
    expect(text(first.plain.written)).toBe('last words')
    expect(first.plain.isOpen).toBe(false)
    const second = start(slow)
    second.shaped.write([Buffer.from('lost')])
    second.shaped.destroy()
    expect(second.plain.isOpen).toBe(false)
    expect(second.clock.pendingTimers).toBe(0)
  })

  it('holds bytes while the receiver has paused', () => {
    const { plain, shaped, received } = start({ toBroker: { splitAtBytes: 1 } })
    shaped.pause()
    plain.onData(Buffer.from('ab'))
    expect(received).toEqual([])
    shaped.resume()
    expect(text(received)).toBe('ab')
  })

  it('refuses figures that are none, all in one error', () => {
    expect(() => start({ toBroker: { bytesPerSecond: 0 }, toClient: { splitAtBytes: NaN } })).toThrow(
      /toBroker.bytesPerSecond.*toClient.splitAtBytes/,
    )
  })
})
