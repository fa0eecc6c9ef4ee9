import type { ApiHandler } from '../contracts/api-handler'
import type { Services } from '../contracts/services'
import { deleteRecordsHandler } from './delete-records'
import { describeProducersHandler } from './describe-producers'
import { listOffsetsHandler } from './list-offsets'
import { offsetForLeaderEpochHandler } from './offset-for-leader-epoch'
import { produceHandler } from './produce'

/** Answers the APIs that write to partitions' logs and ask about them; Fetch is elsewhere. */
export function logHandlers(services: Services): readonly ApiHandler[] {
  return [
    produceHandler(services),
    listOffsetsHandler(services),
    offsetForLeaderEpochHandler(services),
    deleteRecordsHandler(services),
    describeProducersHandler(services),
  ]
}
