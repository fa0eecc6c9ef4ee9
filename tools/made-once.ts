import { randomUUID } from 'node:crypto'
import { existsSync } from 'node:fs'
import { mkdir, rename, rm } from 'node:fs/promises'
import { join } from 'node:path'

/** The project's folder; tools and tests run from it. */
const cacheRoot = join(process.cwd(), 'node_modules', '.cache', 'typed-kafka')

/**
 * The path of a file or folder that is made once on a machine and then kept: a second call costs nothing.
 * @param name its place in the cache; has to name all it depends on, by a hash for example
 * @param make writes it to the path it is given. The folder around that path is there for it alone, and goes afterwards
 */
export async function madeOnce(name: string, make: (path: string) => Promise<void>): Promise<string> {
  const kept = join(cacheRoot, name)
  if (existsSync(kept)) return kept
  const work = `${kept}.${randomUUID()}`
  await mkdir(work, { recursive: true })
  try {
    await make(join(work, 'made'))
    // A parallel run may have been quicker; both have made the same.
    await rename(join(work, 'made'), kept).catch((error: unknown) => {
      if (!existsSync(kept)) throw error
    })
  } finally {
    await rm(work, { recursive: true, force: true })
  }
  return kept
}
