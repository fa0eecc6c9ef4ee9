import { writeFileSync } from 'node:fs'
import { Session } from 'node:inspector/promises'
import { join } from 'node:path'

/**
 * Samples allocations until `stop` writes them to a file: of everything that was allocated, also of what is gone by then.
 * What a message costs the garbage collector is allocated by someone.
 */
export async function sampleAllocations(folder) {
  const session = new Session()
  session.connect()
  await session.post('HeapProfiler.enable')
  await session.post('HeapProfiler.startSampling', {
    samplingInterval: 32_768,
    includeObjectsCollectedByMajorGC: true,
    includeObjectsCollectedByMinorGC: true,
  })
  return async () => {
    const { profile } = await session.post('HeapProfiler.stopSampling')
    writeFileSync(join(folder, `Heap.${process.pid}.heapprofile`), JSON.stringify(profile))
  }
}
