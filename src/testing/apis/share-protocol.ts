import { fail } from '../contracts/kafka-failure'
import type { Services } from '../contracts/services'

/** @throws UNSUPPORTED_VERSION where share groups are not switched on */
export function requireShareProtocol({ release }: Services): void {
  if ((release.features.get('share.version')?.finalized ?? 0) <= 0) throw fail('UNSUPPORTED_VERSION')
}
