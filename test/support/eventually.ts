import { setTimeout as delay } from 'node:timers/promises'

/** Waits for a condition; what `what` says explains why it took too long. */
export async function eventually(isDone: () => boolean, what: () => string, limitMs = 4_500): Promise<void> {
  const end = performance.now() + limitMs
  while (!isDone()) {
    if (performance.now() > end) throw new Error(`Waited in vain: ${what()}`)
    await delay(10)
  }
}

/** Asks until the answer is the one that is waited for: a broker hears a little later of what its controller decided. */
export async function eventualAnswer<T>(
  ask: () => Promise<T>,
  isDone: (answer: T) => boolean,
  what: string,
  limitMs = 30_000,
): Promise<T> {
  const end = performance.now() + limitMs
  for (;;) {
    const answer = await ask()
    if (isDone(answer)) return answer
    if (performance.now() > end)
      throw new Error(`Waited in vain for ${what}: ${JSON.stringify(answer, plain)}`)
    await delay(50)
  }
}

function plain(_key: string, value: unknown): unknown {
  return typeof value === 'bigint' ? `${value}n` : value
}
