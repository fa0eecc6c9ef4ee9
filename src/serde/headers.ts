/** One header value on its way out; text is written as UTF-8. */
export type HeaderInput = string | Uint8Array | null

/** Headers on their way out: a list writes the same name several times, in that order. */
export type HeadersInput = Readonly<Record<string, HeaderInput | readonly HeaderInput[]>>

/** One header value of a consumed message. */
export type HeaderValue = Buffer | null

/** Headers of a consumed message; a name that came several times has the list of its values. */
export type Headers = Record<string, HeaderValue | HeaderValue[]>
