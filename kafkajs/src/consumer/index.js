'use strict'

/** Makes a consumer; instrumentation that knows KafkaJS's files wraps it. */
module.exports = ({ create }) => create()
