import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

/** So many suites of a machine may have clusters of their own at once: mostly they wait, but each takes its memory. */
const places = [0, 1].map((place) => join(tmpdir(), `typed-kafka-cluster-${place}.lock`))

/** Waits until one of the places for clusters is free, whichever process had it; call the returned function when done. */
export async function withClusterLock(): Promise<() => void> {
  for (;;) {
    const file = places.find(take)
    if (file !== undefined) return () => rmSync(file, { force: true })
    await new Promise((resolve) => setTimeout(resolve, 200))
  }
}

function take(file: string): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch {
    if (!holderLives(file)) rmSync(file, { force: true })
    return false
  }
}

function holderLives(file: string): boolean {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
