'use strict'

// One assignment a name, so that `import { … } from 'kafkajs'` finds each; and no map of exports, so that the files which
// instrumentation asks for, and package.json, can be had by their path.
const kafkajs = require('typed-kafka/kafkajs')

exports.Kafka = require('./src/index.js')
exports.AclOperationTypes = kafkajs.AclOperationTypes
exports.AclPermissionTypes = kafkajs.AclPermissionTypes
exports.AclResourceTypes = kafkajs.AclResourceTypes
exports.AssignerProtocol = kafkajs.AssignerProtocol
exports.CompressionCodecs = kafkajs.CompressionCodecs
exports.CompressionTypes = kafkajs.CompressionTypes
exports.ConfigResourceTypes = kafkajs.ConfigResourceTypes
exports.ConfigSource = kafkajs.ConfigSource
exports.KafkaJSAggregateError = kafkajs.KafkaJSAggregateError
exports.KafkaJSAlterPartitionReassignmentsError = kafkajs.KafkaJSAlterPartitionReassignmentsError
exports.KafkaJSBrokerNotFound = kafkajs.KafkaJSBrokerNotFound
exports.KafkaJSConnectionClosedError = kafkajs.KafkaJSConnectionClosedError
exports.KafkaJSConnectionError = kafkajs.KafkaJSConnectionError
exports.KafkaJSCreateTopicError = kafkajs.KafkaJSCreateTopicError
exports.KafkaJSDeleteGroupsError = kafkajs.KafkaJSDeleteGroupsError
exports.KafkaJSDeleteTopicRecordsError = kafkajs.KafkaJSDeleteTopicRecordsError
exports.KafkaJSError = kafkajs.KafkaJSError
exports.KafkaJSFetcherRebalanceError = kafkajs.KafkaJSFetcherRebalanceError
exports.KafkaJSGroupCoordinatorNotFound = kafkajs.KafkaJSGroupCoordinatorNotFound
exports.KafkaJSInvalidLongError = kafkajs.KafkaJSInvalidLongError
exports.KafkaJSInvalidVarIntError = kafkajs.KafkaJSInvalidVarIntError
exports.KafkaJSInvariantViolation = kafkajs.KafkaJSInvariantViolation
exports.KafkaJSLockTimeout = kafkajs.KafkaJSLockTimeout
exports.KafkaJSMemberIdRequired = kafkajs.KafkaJSMemberIdRequired
exports.KafkaJSMetadataNotLoaded = kafkajs.KafkaJSMetadataNotLoaded
exports.KafkaJSNoBrokerAvailableError = kafkajs.KafkaJSNoBrokerAvailableError
exports.KafkaJSNonRetriableError = kafkajs.KafkaJSNonRetriableError
exports.KafkaJSNotImplemented = kafkajs.KafkaJSNotImplemented
exports.KafkaJSNumberOfRetriesExceeded = kafkajs.KafkaJSNumberOfRetriesExceeded
exports.KafkaJSOffsetOutOfRange = kafkajs.KafkaJSOffsetOutOfRange
exports.KafkaJSPartialMessageError = kafkajs.KafkaJSPartialMessageError
exports.KafkaJSProtocolError = kafkajs.KafkaJSProtocolError
exports.KafkaJSRequestTimeoutError = kafkajs.KafkaJSRequestTimeoutError
exports.KafkaJSSASLAuthenticationError = kafkajs.KafkaJSSASLAuthenticationError
exports.KafkaJSServerDoesNotSupportApiKey = kafkajs.KafkaJSServerDoesNotSupportApiKey
exports.KafkaJSStaleTopicMetadataAssignment = kafkajs.KafkaJSStaleTopicMetadataAssignment
exports.KafkaJSTimeout = kafkajs.KafkaJSTimeout
exports.KafkaJSTopicMetadataNotLoaded = kafkajs.KafkaJSTopicMetadataNotLoaded
exports.KafkaJSUnsupportedMagicByteInMessageSet = kafkajs.KafkaJSUnsupportedMagicByteInMessageSet
exports.PartitionAssigners = kafkajs.PartitionAssigners
exports.Partitioners = kafkajs.Partitioners
exports.ResourcePatternTypes = kafkajs.ResourcePatternTypes
exports.logLevel = kafkajs.logLevel
