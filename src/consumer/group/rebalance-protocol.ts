import { InvalidOptionError } from '../../base/errors'
import type { PartitionAssignor, RebalanceProtocol } from '../assignors/partition-assignor'

/**
 * The protocol a member with these assignors uses: cooperative when all of them support it, else eager when all of
 * them support that. A group moves from eager to cooperative by a bounce with both kinds listed and another one with
 * the eager one left out. Throws InvalidOptionError when they have none in common, or two share a name.
 */
export function rebalanceProtocolOf(assignors: readonly PartitionAssignor[]): RebalanceProtocol {
  const problems: string[] = []
  if (assignors.length === 0) problems.push("option 'assignors' is empty: at least one is needed")
  const names = assignors.map(({ name }) => name)
  for (const name of new Set(names.filter((name, index) => names.indexOf(name) !== index))) {
    problems.push(`option 'assignors' lists '${name}' twice`)
  }
  const common = (['cooperative', 'eager'] as const).find((protocol) =>
    assignors.every(({ supportedProtocols }) => supportedProtocols.includes(protocol)),
  )
  if (common === undefined) {
    problems.push(
      `option 'assignors' mixes ${names.join(', ')}, which support no rebalance protocol in common`,
    )
  }
  if (problems.length > 0 || common === undefined) {
    throw new InvalidOptionError('Wrong options for the consumer group', problems)
  }
  return common
}
