'use strict'

/** Makes a producer; instrumentation that knows KafkaJS's files wraps it. */
module.exports = ({ create }) => create()
