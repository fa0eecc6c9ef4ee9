/** What matters of SASLprep (RFC 4013): compatibility forms become one, other spaces a space, soft hyphens nothing. */
export function saslprep(text: string): string {
  return text
    .replace(/[\u00AD\u034F\u1806\u180B-\u180D\u200B-\u200D\u2060\uFE00-\uFE0F\uFEFF]/g, '')
    .replace(/[\u00A0\u1680\u2000-\u200A\u202F\u205F\u3000]/g, ' ')
    .normalize('NFKC')
}
