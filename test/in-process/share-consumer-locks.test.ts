// Guards the locks of shared messages: a handler that is late, a lock that is renewed, a broker that forgets the session
// or the leadership. What was said under a lock that is over must fail, and be told, and reach no other lock.
import type { AcknowledgementResult, ShareConsumer } from '../../src'
import { ErrorCode } from '../../src/base/error-codes'
import { deliveryOf, SharedTopic } from './support/share-simulation'

const failuresOf = (results: readonly AcknowledgementResult[]) =>
  results.flatMap(({ error, ranges }) =>
    error === undefined
      ? []
      : [`${error.code} ${ranges.map((range) => Number(range.firstOffset)).join(',')}`],
  )

describe('a lock', () => {
  it('S2: that is over when its message is acknowledged fails the acknowledgement in the result, never by an exception', () =>
    SharedTopic.run(async (shared) => {
      await shared.produce(['v0'])
      const told: AcknowledgementResult[] = []
      const slow = shared.consumer({
        acknowledgementMode: 'explicit',
        onAcknowledged: (some) => told.push(...some),
      })
      const other = shared.consumer()
      const seen: string[] = []
      for await (const message of slow) {
        seen.push(deliveryOf(message))
        await shared.sim.sleep(16_000)
        for await (const again of other) {
          seen.push(deliveryOf(again))
          void other.stop()
        }
        message.acknowledge('accept')
        expect(failuresOf(await slow.commit())).toEqual(['INVALID_RECORD_STATE 0'])
        void slow.stop()
      }
      await Promise.all([slow.close(), other.close()])
      expect(seen).toEqual(['v0×1', 'v0×2'])
      expect(failuresOf(told)).toEqual(['INVALID_RECORD_STATE 0'])
    }))

  it('S2: of one message that is over does not fail the acknowledgements of others', () =>
    SharedTopic.run(async (shared) => {
      const consumer = shared.consumer({ acknowledgementMode: 'explicit' })
      await shared.produce(['v0'])
      let isLate = false
      const results: AcknowledgementResult[] = []
      await consumer.run(
        async (message) => {
          if (message.offset === 0n) {
            await shared.sim.sleep(10_000)
            await shared.produce(['v1'])
            await shared.sim.sleep(6_000)
            message.acknowledge()
            isLate = true
          } else {
            await shared.until(() => isLate)
            message.acknowledge()
            results.push(...(await consumer.commit()))
            void consumer.stop()
          }
        },
        { concurrency: 2 },
      )
      expect(failuresOf(results)).toEqual(['INVALID_RECORD_STATE 0'])
      expect(results.filter(({ error }) => error === undefined)).toMatchObject([
        { ranges: [{ firstOffset: 1n }] },
      ])
      await consumer.close()
    }))

  it('ends the signal of a handler that is late, and the message comes again', () =>
    SharedTopic.run(async (shared) => {
      await shared.produce(['v0'])
      const consumer = shared.consumer()
      const seen: string[] = []
      await consumer.run(
        async (message, { signal }) => {
          seen.push(deliveryOf(message))
          if (message.deliveryCount === 2) return void consumer.stop()
          await new Promise((resolve) => signal.addEventListener('abort', resolve))
          seen.push(
            `aborted at ${shared.sim.now - (shared.sim.now % 1000)}: ${(signal.reason as { code: string }).code}`,
          )
        },
        { concurrency: 2 },
      )
      await consumer.close()
      expect(seen.slice().sort()).toEqual([expect.stringContaining('INVALID_RECORD_STATE'), 'v0×1', 'v0×2'])
    }))

  it('is not handed out any more when it ended while its message waited', () =>
    SharedTopic.run(async (shared) => {
      await shared.produce(['v0', 'v1', 'v2'])
      const consumer = shared.consumer()
      const seen: string[] = []
      await consumer.run(async (message) => {
        seen.push(deliveryOf(message))
        if (seen.length === 1) await shared.sim.sleep(16_000)
        if (seen.length === 4) void consumer.stop()
      })
      await consumer.close()
      // All three were locked together, and came again together.
      expect(seen).toEqual(['v0×1', 'v0×2', 'v1×2', 'v2×2'])
    }))

  it('S2: that ended at the broker before this member knew fails what is said under it, and the message is delivered anew', () =>
    SharedTopic.run(async (shared) => {
      await shared.produce(['v0', 'v1'])
      // The answer is on its way for so long that the member believes in its locks longer than the broker does.
      shared.sim.cluster.on(
        'ShareFetch',
        async (_request, exchange) => {
          const answer = await exchange.proceed()
          if ((answer?.responses.length ?? 0) > 0) await exchange.delay(4_000)
          return undefined
        },
        { times: 1 },
      )
      const failures: string[] = []
      const consumer = shared.consumer({
        onAcknowledged: (results) => failures.push(...failuresOf(results)),
      })
      const seen: string[] = []
      let isAborted = false
      await consumer.run(
        async (message, { signal }) => {
          seen.push(deliveryOf(message))
          if (seen.length > 2) return void consumer.stop()
          if (seen.length === 2) return
          await shared.until(() => seen.length === 3)
          isAborted = signal.aborted
        },
        { concurrency: 2 },
      )
      await consumer.close()
      expect(seen).toEqual(['v0×1', 'v1×1', 'v0×2'])
      expect(failures).toEqual(['INVALID_RECORD_STATE 0'])
      expect(isAborted).toBe(true)
    }))

  it('S1: is renewed by hand, and the message can be accepted long after the first lock', () =>
    SharedTopic.run(async (shared) => {
      await shared.produce(['v0', 'v1'])
      const consumer = shared.consumer({ acknowledgementMode: 'explicit' })
      const seen: string[] = []
      const results: AcknowledgementResult[] = []
      await consumer.run(async (message) => {
        seen.push(deliveryOf(message))
        for (let i = 0; i < 4; i++) {
          await shared.sim.sleep(10_000)
          message.acknowledge('renew')
          results.push(...(await consumer.commit()))
        }
        message.acknowledge('accept')
        results.push(...(await consumer.commit()))
        if (message.offset === 0n) void consumer.stop()
      })
      await consumer.close()
      expect(seen).toEqual(['v0×1'])
      expect(failuresOf(results)).toEqual([])
      expect(results.flatMap(({ ranges }) => ranges.map(({ type }) => type))).toEqual([
        'renew',
        'renew',
        'renew',
        'renew',
        'accept',
      ])
      const next = shared.consumer()
      await next.run((message) => {
        seen.push(deliveryOf(message))
        void next.stop()
      })
      await next.close()
      expect(seen).toEqual(['v0×1', 'v1×2'])
    }))

  it('S1: whose renewal was the last word hands the message out again once it is confirmed, and nothing else before', async () => {
    for (const way of ['run', 'loop'] as const) {
      await SharedTopic.run(async (shared) => {
        await shared.produce(['v0', 'v1'])
        const consumer = shared.consumer({ acknowledgementMode: 'explicit' })
        const seen: string[] = []
        const handle = (message: Parameters<Parameters<ShareConsumer['run']>[0]>[0]) => {
          seen.push(deliveryOf(message))
          message.acknowledge(seen.length < 3 ? 'renew' : 'accept')
          if (seen.length === 4) void consumer.stop()
        }
        if (way === 'run') await consumer.run(handle)
        else for await (const message of consumer) handle(message)
        await consumer.close()
        expect(seen).toEqual(['v0×1', 'v0×1', 'v0×1', 'v1×1'])
      })
    }
  })

  it('S1: is renewed by itself with lockRenewal, for the message at work and for those that wait', () =>
    SharedTopic.run(async (shared) => {
      await shared.produce(['v0', 'v1', 'v2'])
      const consumer = shared.consumer({ lockRenewal: true })
      const seen: string[] = []
      await consumer.run(async (message) => {
        seen.push(deliveryOf(message))
        await shared.sim.sleep(40_000)
        if (seen.length === 3) void consumer.stop()
      })
      await consumer.close()
      expect(seen).toEqual(['v0×1', 'v1×1', 'v2×1'])
    }))

  it('is renewed no longer than maxPollIntervalMs', () =>
    SharedTopic.run(async (shared) => {
      await shared.produce(['v0'])
      const hanging = shared.consumer({ lockRenewal: true, maxPollIntervalMs: 60_000 })
      const other = shared.consumer()
      const seen: string[] = []
      const run = hanging.run(async (message) => {
        seen.push(deliveryOf(message))
        await shared.sim.sleep(200_000)
        void hanging.stop()
      })
      await shared.until(() => seen.length === 1)
      await other.run((message) => {
        seen.push(`${deliveryOf(message)} within ${Math.round(shared.sim.now / 20_000) * 20} s`)
        void other.stop()
      })
      await run
      await Promise.all([hanging.close(), other.close()])
      expect(seen).toEqual(['v0×1', 'v0×2 within 80 s'])
    }))

  it('S1: cannot be renewed where the broker is older, and that is told in the result', () =>
    SharedTopic.run(async (shared) => {
      shared.sim.cluster.limitVersions('ShareFetch', { max: 1 })
      shared.sim.cluster.limitVersions('ShareAcknowledge', { max: 1 })
      await shared.produce(['v0'])
      const consumer = shared.consumer({ acknowledgementMode: 'explicit' })
      for await (const message of consumer) {
        message.acknowledge('renew')
        expect(failuresOf(await consumer.commit())).toEqual(['UNSUPPORTED_VERSION 0'])
        message.acknowledge('accept')
        expect(failuresOf(await consumer.commit())).toEqual([])
        void consumer.stop()
      }
      await consumer.close()
    }))

  it('is known by its length once a broker has said it', () =>
    SharedTopic.run(async (shared) => {
      await shared.produce(['v0'])
      const consumer = shared.consumer()
      expect(consumer.acquisitionLockTimeoutMs).toBeUndefined()
      for await (const message of consumer) {
        expect(deliveryOf(message)).toBe('v0×1')
        expect(consumer.acquisitionLockTimeoutMs).toBe(15_000)
        void consumer.stop()
      }
      await consumer.close()
    }))
})

describe('a share session', () => {
  it.each(['SHARE_SESSION_NOT_FOUND', 'INVALID_SHARE_SESSION_EPOCH'] as const)(
    'S3 S5: that the broker answers with %s to is opened anew at epoch 0, and the acknowledgements in the request fail',
    (code) =>
      SharedTopic.run(async (shared) => {
        await shared.produce(['v0'])
        const told: AcknowledgementResult[] = []
        const consumer = shared.consumer({ onAcknowledged: (some) => told.push(...some) })
        const seen: string[] = []
        let isRefused = false
        shared.sim.cluster.on('ShareFetch', (request) => {
          const hasWord = request.topics.some(({ partitions }) =>
            partitions.some(({ acknowledgementBatches }) => acknowledgementBatches.length > 0),
          )
          if (isRefused || !hasWord) return undefined
          isRefused = true
          return {
            throttleTimeMs: 0,
            errorCode: ErrorCode[code],
            errorMessage: null,
            acquisitionLockTimeoutMs: 0,
            responses: [],
            nodeEndpoints: [],
          }
        })
        await consumer.run((message) => {
          seen.push(deliveryOf(message))
          if (seen.length === 2) void consumer.stop()
        })
        await consumer.close()
        expect(failuresOf(told)).toEqual([`${code} 0`])
        expect(seen).toEqual(['v0×1', 'v0×2'])
        const epochs = shared.sim.cluster.requests
          .filter({ api: 'ShareFetch' })
          .map(({ request }) => request.shareSessionEpoch)
        expect(epochs.filter((epoch) => epoch === 0)).toHaveLength(2)
        expect(epochs.at(-1)).toBeGreaterThanOrEqual(0)
      }),
  )

  it('S5: an acknowledgement of an earlier session is not sent under the next one', () =>
    SharedTopic.run(async (shared) => {
      await shared.produce(['v0'])
      const consumer = shared.consumer({ acknowledgementMode: 'explicit' })
      for await (const message of consumer) {
        shared.sim.cluster.cutConnections()
        // The broker ended the session with its connection; the consumer learns it by its next request.
        await shared.produce(['v1'])
        await shared.sim.sleep(5_000)
        message.acknowledge('accept')
        const failures = failuresOf(await consumer.commit())
        expect(failures).toHaveLength(1)
        expect(failures[0]).toMatch(/ 0$/)
        break
      }
      await consumer.close()
      expect(
        shared.sim.cluster.requests
          .filter({ api: 'ShareAcknowledge' })
          .map(({ request }) => request.topics.length),
      ).not.toContain(2)
    }))

  it('S5: waits and tries again while the broker has no room for it', () =>
    SharedTopic.run(async (shared) => {
      await shared.produce(['v0'])
      const { cluster } = shared.sim
      cluster.faults.fail('ShareFetch', 'SHARE_SESSION_LIMIT_REACHED', { times: 5 })
      const consumer = shared.consumer()
      const seen: string[] = []
      await consumer.run((message) => {
        seen.push(deliveryOf(message))
        void consumer.stop()
      })
      await consumer.close()
      expect(seen).toEqual(['v0×1'])
      const epochs = cluster.requests
        .filter({ api: 'ShareFetch' })
        .map(({ request }) => request.shareSessionEpoch)
      expect(epochs.slice(0, 6)).toEqual([0, 0, 0, 0, 0, 0])
    }))

  it('S3: ends with a last word on what was acknowledged, gives back the rest, and then the group is left', () =>
    SharedTopic.run(async (shared) => {
      await shared.produce(['v0', 'v1', 'v2'])
      const consumer = shared.consumer({ acknowledgementMode: 'explicit' })
      for await (const message of consumer) {
        if (message.offset < 2n) message.acknowledge('accept')
        if (message.offset === 2n) {
          await consumer.close({ timeoutMs: 1_000 })
          break
        }
      }
      const { requests } = shared.sim.cluster
      const last = requests.filter({ api: 'ShareAcknowledge' }).at(-1)
      expect(last?.request.shareSessionEpoch).toBe(-1)
      expect(requests.filter({ api: 'ShareGroupHeartbeat' }).at(-1)?.request.memberEpoch).toBe(-1)
      const seen: string[] = []
      const next = shared.consumer()
      await next.run((message) => {
        seen.push(deliveryOf(message))
        void next.stop()
      })
      await next.close()
      expect(seen).toEqual(['v2×2'])
    }))
})
