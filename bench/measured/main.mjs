// One client, one workload, in a process of its own, without a compiler in between. Started by `run-measured.ts`, which
// sends what to do and takes the figures.
import { sampleAllocations } from './allocations.mjs'
import { consume } from './consume.mjs'
import { grow } from './growth.mjs'
import { latency } from './latency.mjs'
import { fill, produce } from './produce.mjs'
import { socket } from './socket.mjs'
import { startUp } from './start-up.mjs'

const onClient = { produce, fill, consume, latency, grow }

// Whoever started it is gone: nobody waits for its figures.
process.on('disconnect', () => process.exit(1))

process.once('message', async (spec) => {
  try {
    const stop = spec.allocations && (await sampleAllocations(spec.allocations))
    const result = await measure(spec)
    await stop?.()
    process.send({ result }, () => process.exit(0))
  } catch (error) {
    process.send({ error: error.stack ?? String(error) }, () => process.exit(1))
  }
})

async function measure(spec) {
  if (spec.kind === 'socket') return await socket(spec)
  const load = async () => {
    const { open } = await import(`../clients/${spec.adapter}.mjs`)
    return await open(spec.clientOptions)
  }
  if (spec.kind === 'startUp') return await startUp(load, spec)
  return await onClient[spec.kind](await load(), spec)
}
