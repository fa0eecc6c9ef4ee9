// Guards consumers that live for long: through frozen and restarted brokers, and members that come and go, nothing stays
// behind, neither a message, nor a stall, nor memory. The long form is tools/consumer-soak.ts.
import { describeEachKafkaCluster } from './support/describe-kafka'
import { runSoak } from './support/soak/run-soak'

describeEachKafkaCluster('a soak', { nodes: 3, versions: ['4.3.1'] }, (cluster) => {
  it('G14 L15 L16 L23, both protocols: after faults everything is consumed, nothing is stalled, memory is free', async () => {
    const report = await runSoak(cluster, {
      name: cluster.uniqueName('soak'),
      seconds: 20,
      rate: 1_000,
      seed: 1,
      sampleEveryMs: 1_000,
      faultEveryMs: 1_000,
      settleMs: 60_000,
    })
    expect(report.groups).toEqual(
      ['classic', 'consumer'].map((protocol) => ({
        protocol,
        missing: 0,
        duplicates: expect.any(Number),
        failures: [],
        troubles: [],
      })),
    )
    expect(report.faults).toMatchObject({ freeze: 1, join: 1, restart: 1 })
    expect(report.stalls.ended).toBe(report.stalls.began)
    // Not a trend, which needs longer: what 20 seconds of faults leave behind if each of them leaves something large.
    expect(report.growth.externalMb).toBeLessThan(32)
  }, 150_000)
})
