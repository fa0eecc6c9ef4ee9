import type { ReadableStream as WebStream } from 'node:stream/web'
import type { Message } from '../../message/message'

/**
 * A consumer's messages as a web stream. It takes a message only when somebody asks for one, so a message counts as
 * finished when the next one is asked for. Cancelling it leaves the last one unfinished.
 */
export function messageStream<M extends Message>(messages: AsyncIterator<M>): WebStream<M> {
  return new ReadableStream<M>(
    {
      async pull(controller) {
        const { done, value } = await messages.next()
        if (done === true) controller.close()
        else controller.enqueue(value)
      },
      async cancel() {
        await messages.return?.()
      },
    },
    { highWaterMark: 0 },
  )
}
