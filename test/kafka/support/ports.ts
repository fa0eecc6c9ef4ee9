import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const folder = join(tmpdir(), 'typed-kafka-ports')

// Below the range from which systems take the ports of outgoing connections, so that a broker that is down for a
// moment finds its port free when it comes back.
const lowest = 15_000
const highest = 32_000

/**
 * Reserves free ports on the loopback address, against other test processes as well: each is marked by a file with
 * the owner's process id, and a mark whose owner is gone counts as free.
 */
export async function reservePorts(count: number): Promise<number[]> {
  mkdirSync(folder, { recursive: true })
  const ports: number[] = []
  for (let tries = 0; ports.length < count; tries++) {
    if (tries > 5_000) throw new Error(`Found no ${count} free ports between ${lowest} and ${highest}`)
    const port = lowest + Math.floor(Math.random() * (highest - lowest))
    if (!claim(port)) continue
    if (await isFree(port)) ports.push(port)
    else releasePorts([port])
  }
  return ports
}

/** Gives ports back. */
export function releasePorts(ports: readonly number[]): void {
  for (const port of ports) rmSync(join(folder, String(port)), { force: true })
}

function claim(port: number): boolean {
  const file = join(folder, String(port))
  for (const again of [true, false]) {
    try {
      writeFileSync(file, String(process.pid), { flag: 'wx' })
      return true
    } catch {
      if (!again || ownerLives(file)) return false
      rmSync(file, { force: true })
    }
  }
  return false
}

function ownerLives(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}

function isFree(port: number): Promise<boolean> {
  return new Promise((resolve) => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}
