import type { Services } from '../../contracts/services'
import { ShareFetcher } from './share-fetcher'
import { ShareGroups } from './share-groups'
import { ShareSessions } from './share-sessions'
import { ShareStates } from './share-states'

/** All that serves share groups, put together; one for a cluster. */
export class ShareCoordinator {
  readonly states: ShareStates
  readonly groups: ShareGroups
  readonly fetcher: ShareFetcher
  readonly sessions: ShareSessions

  constructor(services: Services) {
    this.states = new ShareStates(services)
    this.groups = new ShareGroups(services, this.states)
    this.fetcher = new ShareFetcher(services, this.states)
    this.sessions = new ShareSessions(services, ({ groupId, memberId, partitions }, brokerId) => {
      for (const { ref } of partitions.values()) {
        // Records that the member got from another leader since then are another session's.
        const leaderId = services.topics.byId(ref.topicId)?.partitions[ref.partition]?.leaderId
        if (leaderId === brokerId) this.states.get(groupId, ref.topicId, ref.partition)?.releaseAll(memberId)
      }
    })
  }
}
