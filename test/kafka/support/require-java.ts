import { findKafkaSources } from './kafka-source'
import { describeUnless } from './not-run'

/**
 * Declares a suite that runs Java programs but no broker. Where Java or Maven is missing it is listed as not run,
 * which is a failure with `CI=true`.
 */
export function describeWithJava(title: string, body: () => void): void {
  describeUnless(findKafkaSources().java ? null : 'install Java 17 and Maven', title, body)
}
