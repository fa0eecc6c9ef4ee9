import { readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const file = join(tmpdir(), 'typed-kafka-cluster.lock')

/** Waits until no other test process runs a cluster of its own; call the returned function when done. */
export async function withClusterLock(): Promise<() => void> {
  while (!take()) await new Promise((resolve) => setTimeout(resolve, 200))
  return () => rmSync(file, { force: true })
}

function take(): boolean {
  try {
    writeFileSync(file, String(process.pid), { flag: 'wx' })
    return true
  } catch {
    if (!holderLives()) rmSync(file, { force: true })
    return false
  }
}

function holderLives(): boolean {
  try {
    process.kill(Number(readFileSync(file, 'utf8')), 0)
    return true
  } catch (error) {
    return (error as NodeJS.ErrnoException).code === 'EPERM'
  }
}
