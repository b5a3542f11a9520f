import { memoryStore } from '../support/memory-store.ts'
import { storeContract } from './store.ts'

storeContract('memory', async (clock) => memoryStore(() => clock.now()), { uncommittedReads: true })
