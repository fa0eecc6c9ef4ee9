/** What a pattern is made of, as far as letters count: escapes, names of groups, classes, letters. */
const parts = /\\.|\(\?<[a-z]\w*>|\[\^?(?:\\.|[^\]\\])*\]|[a-z]/gi

/** The same for names of topics, without the flags that make an answer depend on the last one. */
export function stateless({ source, flags }: RegExp): RegExp {
  return new RegExp(source, flags.replace(/[dgmsy]/g, ''))
}

/** Patterns that our own consumer can follow together: with the same flags, also where some ignore case and others don't. */
export function withSameFlags(patterns: readonly RegExp[]): RegExp[] {
  if (patterns.every(({ flags }) => flags === patterns[0]?.flags)) return [...patterns]
  return patterns.map((pattern) => (pattern.ignoreCase ? ofBothCases(pattern) : pattern))
}

/** The same without the flag `i`: each letter stands for both of its cases. */
function ofBothCases(pattern: RegExp): RegExp {
  const { source, flags } = pattern
  const either = source.replace(parts, (part) => {
    if (part.startsWith('[')) return `${part.slice(0, -1)}${swapped(part.replace(/^\[\^?|\]$/g, ''))}]`
    return part.length === 1 ? `[${part}${swapped(part)}]` : part
  })
  try {
    return new RegExp(either, flags.replace('i', ''))
  } catch {
    // A range from one case to the other, which has no counterpart.
    return pattern
  }
}

/** Letters in their other case, but for those of escapes. */
function swapped(text: string): string {
  return text.replace(/\\.|[a-z]/gi, (part) => {
    if (part.length > 1) return part
    return part === part.toLowerCase() ? part.toUpperCase() : part.toLowerCase()
  })
}
