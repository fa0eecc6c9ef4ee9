/** What `String.hashCode` gives in Java: a signed 32-bit number. Kafka's coordinators spread their keys by it. */
export function javaHash(text: string): number {
  let hash = 0
  for (let i = 0; i < text.length; i++) hash = (Math.imul(hash, 31) + text.charCodeAt(i)) | 0
  return hash
}
