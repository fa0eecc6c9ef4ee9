/** Cuts a byte stream into Kafka's frames (length prefix included). */
export class FrameSplitter {
  #buffered: Buffer[] = []
  #bytes = 0

  /** Takes what arrived and gives the frames that are complete by now. */
  push(chunk: Buffer): Buffer[] {
    this.#buffered.push(chunk)
    this.#bytes += chunk.length
    const frames: Buffer[] = []
    if (this.#bytes < this.#needed()) return frames
    let rest = Buffer.concat(this.#buffered)
    while (rest.length >= 4 && rest.length >= 4 + rest.readInt32BE(0)) {
      const end = 4 + rest.readInt32BE(0)
      frames.push(rest.subarray(0, end))
      rest = rest.subarray(end)
    }
    this.#buffered = [rest]
    this.#bytes = rest.length
    return frames
  }

  /** Bytes that make the first frame complete; 4 while its length is not known. */
  #needed(): number {
    const first = this.#buffered[0]
    return first !== undefined && first.length >= 4 ? 4 + first.readInt32BE(0) : 4
  }
}
