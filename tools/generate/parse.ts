/** Parses JSON with `//` comments, as Kafka's message definitions are written. */
export function parseDefinition(file: string, text: string): unknown {
  try {
    return JSON.parse(removeComments(text))
  } catch (error) {
    throw new Error(`${file}: ${error instanceof Error ? error.message : String(error)}`)
  }
}

/** Removes `//` comments to the end of their lines; what stands inside strings stays. */
export function removeComments(text: string): string {
  let result = ''
  let inString = false
  for (let i = 0; i < text.length; i++) {
    const char = text[i] as string
    if (inString) {
      result += char
      if (char === '\\') result += text[++i] ?? ''
      else if (char === '"') inString = false
    } else if (char === '/' && text[i + 1] === '/') {
      while (i + 1 < text.length && text[i + 1] !== '\n') i++
    } else {
      if (char === '"') inString = true
      result += char
    }
  }
  return result
}
