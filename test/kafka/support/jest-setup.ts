// Brokers take their time: a failover alone is six seconds. jest reads no `testTimeout` from one of several projects.
jest.setTimeout(60_000)

// Real brokers share two cores with the test: one stall of the machine must not decide. The first failure stays in the
// output, and a test that fails twice has failed.
jest.retryTimes(1, { logErrorsBeforeRetry: true })
