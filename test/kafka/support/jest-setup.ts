// Brokers take their time: a failover alone is six seconds. jest reads no `testTimeout` from one of several projects.
jest.setTimeout(60_000)
