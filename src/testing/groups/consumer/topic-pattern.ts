import { fail } from '../../contracts/kafka-failure'

/** What stands for RE2's classes in brackets. */
const posixClasses: Readonly<Record<string, string>> = {
  alnum: '0-9A-Za-z',
  alpha: 'A-Za-z',
  ascii: '\\x00-\\x7f',
  blank: '\\t ',
  cntrl: '\\x00-\\x1f\\x7f',
  digit: '0-9',
  graph: '!-~',
  lower: 'a-z',
  print: ' -~',
  punct: '!-/:-@\\[-`{-~',
  space: '\\t\\n\\v\\f\\r ',
  upper: 'A-Z',
  word: '0-9A-Za-z_',
  xdigit: '0-9A-Fa-f',
}

/**
 * Compiles the regular expression of a subscription. Kafka runs them with RE2/J, on the whole name: look-arounds and
 * back references do not exist there and are refused; what only RE2 has is translated.
 * @throws INVALID_REGULAR_EXPRESSION
 */
export function compileTopicPattern(source: string): (topic: string) => boolean {
  try {
    const { pattern, flags } = translate(source)
    const compiled = new RegExp(`^(?:${pattern})$`, `${flags}u`)
    return (topic) => compiled.test(topic)
  } catch (error) {
    const why = error instanceof PatternError ? error.message : describeSyntaxError(error)
    throw fail(
      'INVALID_REGULAR_EXPRESSION',
      `SubscribedTopicRegex \`${source}\` is not a valid regular expression: ${why}.`,
    )
  }
}

/** What RE2 says of a pattern it can't read. */
class PatternError extends SyntaxError {}

/** In RE2's words what this engine found; both agree on what is wrong. */
function describeSyntaxError(error: unknown): string {
  const { message } = error as SyntaxError
  if (message.includes('Nothing to repeat')) return 'missing argument to repetition operator'
  if (message.includes('Unterminated group')) return 'missing closing )'
  if (message.includes('Unmatched')) return 'unexpected )'
  if (message.includes('out of order')) return 'invalid character class range'
  return 'invalid escape sequence'
}

function translate(source: string): { pattern: string; flags: string } {
  const leading = /^\(\?([ims]+)\)/.exec(source)
  let flags = leading?.[1] ?? ''
  let at = leading?.[0].length ?? 0
  let pattern = ''
  flags = [...new Set(flags)].join('')
  while (at < source.length) {
    const [text, length] = translateAt(source, at)
    pattern += text
    at += length
  }
  return { pattern, flags }
}

/** The text for what stands at a place, and how much of the source it is. */
function translateAt(source: string, at: number): readonly [string, number] {
  const char = source[at] as string
  if (char === '\\') return translateEscape(source, at)
  if (char === '[') return translateClass(source, at)
  if (source.startsWith('(?', at)) return translateGroup(source, at)
  // Without its partner RE2 takes a closing bracket literally; so does it a brace that counts nothing.
  if (char === ']' || char === '}') return [`\\${char}`, 1]
  if (char === '{') {
    const counts = /^\{\d+(?:,\d*)?\}/.exec(source.slice(at))
    return counts === null ? ['\\{', 1] : [counts[0], counts[0].length]
  }
  return [char, 1]
}

function translateGroup(source: string, at: number): readonly [string, number] {
  if (source.startsWith('(?:', at)) return ['(?:', 3]
  const named = /^\(\?P?<([A-Za-z_]\w*)>/.exec(source.slice(at))
  if (named !== null) return [`(?<${named[1] as string}>`, named[0].length]
  throw new PatternError('invalid or unsupported Perl syntax')
}

function translateEscape(source: string, at: number): readonly [string, number] {
  const next = source[at + 1]
  if (next === undefined) throw new PatternError('trailing backslash at end of expression')
  if (next === 'A') return ['^', 2]
  if (next === 'z') return ['$', 2]
  if (next === 'a') return ['\\x07', 2]
  if (next === 'Q') return translateQuoted(source, at)
  const unicode = /^\\([pP])([A-Z])(?!\w)/.exec(source.slice(at))
  if (unicode !== null) return [`\\${unicode[1] as string}{${unicode[2] as string}}`, 3]
  if (/^\\[1-9k]/.test(source.slice(at))) {
    throw new PatternError('invalid escape sequence')
  }
  if (/[\w]/.test(next)) return [`\\${next}`, 2]
  return [/[\^$\\.*+?()[\]{}|/]/.test(next) ? `\\${next}` : next, 2]
}

function translateQuoted(source: string, at: number): readonly [string, number] {
  const end = source.indexOf('\\E', at + 2)
  const text = source.slice(at + 2, end < 0 ? undefined : end)
  const escaped = text.replace(/[\^$\\.*+?()[\]{}|/]/g, '\\$&')
  return [escaped, (end < 0 ? source.length : end + 2) - at]
}

function translateClass(source: string, at: number): readonly [string, number] {
  let text = '['
  let i = at + 1
  if (source[i] === '^') text += source[i++]
  for (let isFirst = true; source[i] !== ']' || isFirst; isFirst = false) {
    if (i >= source.length) throw new PatternError('missing closing ]')
    const posix = /^\[:(\^?)(\w+):\]/.exec(source.slice(i))
    if (posix !== null) {
      const members = posixClasses[posix[2] as string]
      if (members === undefined || posix[1] === '^') {
        throw new PatternError('invalid character class range')
      }
      text += members
      i += posix[0].length
    } else if (source[i] === '\\' && i + 1 < source.length) {
      const next = source[i + 1] as string
      text += /[\w\]\\^[-]/.test(next) ? `\\${next}` : next
      i += 2
    } else {
      const char = source[i++] as string
      text += char === '[' || (char === ']' && isFirst) ? `\\${char}` : char
    }
  }
  return [`${text}]`, i + 1 - at]
}
