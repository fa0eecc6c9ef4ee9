'use strict'

/** Gives the consumer that was made; instrumentation that knows KafkaJS's files wraps this function, and reads `cluster`. */
module.exports = ({ consumer }) => consumer
