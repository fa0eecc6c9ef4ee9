/** What `run` of clients with KafkaJS's interface is given, by the shape in which messages are handed out. */
export const kafkajsShapes = (onValue) => ({
  batches: {
    eachBatch: async ({ batch }) => {
      for (const message of batch.messages) onValue(message.value)
    },
  },
  each: { eachMessage: async ({ message }) => onValue(message.value) },
})
