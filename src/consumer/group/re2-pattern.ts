import { InvalidArgumentError } from '../../base/errors'

/** Flags that mean something for a name of a topic and that RE2 knows, or that change nothing there. */
const flagsThatGo = new Set('imsdu')

/**
 * A regular expression as brokers read it for `groupProtocol: 'consumer'` (RE2/J, which compares it with the whole name),
 * so that it matches the names that `RegExp.test` does. Look-around and references back do not exist in RE2; the broker
 * refuses them with INVALID_REGULAR_EXPRESSION.
 * @throws InvalidArgumentError for a flag that has no meaning there: g and y are about places in a text, v is a syntax
 */
export function re2Of(pattern: RegExp): string {
  const wrong = [...pattern.flags].filter((flag) => !flagsThatGo.has(flag))
  if (wrong.length > 0) {
    throw new InvalidArgumentError(
      `topic pattern ${String(pattern)}: flag '${wrong.join('')}' has no meaning for brokers, which evaluate it with groupProtocol 'consumer'; leave it out`,
    )
  }
  return (pattern.ignoreCase ? '(?i)' : '') + wholeName(pattern.source)
}

/** What it says about a part of a name, said about the whole. */
function wholeName(source: string): string {
  // Anchors may stand in one alternative alone.
  if (source.includes('|')) return `.*(?:${source}).*`
  const isBound = /(?<!\\)(?:\\\\)*\$$/.test(source)
  const start = source.startsWith('^') ? source.slice(1) : `.*${source}`
  return isBound ? start.slice(0, -1) : `${start}.*`
}
