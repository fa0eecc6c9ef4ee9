import { MemberProcess } from '../member-process'
import type { ChainWorkerOptions, ChainWorkerReport } from './chain-worker'

/** A worker's process, and what can happen to it. */
export class ChainMember extends MemberProcess<ChainWorkerReport> {
  readonly options: ChainWorkerOptions
  /** Why its runs have ended, one after another. */
  readonly ends: string[]

  constructor(options: ChainWorkerOptions) {
    const ends: string[] = []
    super(options.transactionalId, 'test/kafka/support/chain/chain-worker.ts', options, (report) => {
      if (report.kind === 'ended') ends.push(report.code)
    })
    this.options = options
    this.ends = ends
  }
}
