import { type Calls, CODES } from './answer.ts'

const LONGEST = 32_768

/** Settings that follow the mailbox, and properties that stay with the item. */
export const roamingSettings: Calls = {
  404: (given, { roaming }) => {
    const [settings] = given as unknown as readonly [Record<string, string>]
    if (JSON.stringify(settings).length > LONGEST) return CODES.settingsTooLarge
    roaming.clear()
    for (const [key, value] of Object.entries(settings)) roaming.set(key, value)
    return {}
  },
  3: (_, { item }) => ({
    extra: { wasSuccessful: true, customProperties: item.kind === 'compose' ? item.draft.customProperties : '{}' },
  }),
  4: (given, { item }) => {
    if (item.kind === 'compose') item.draft.customProperties = JSON.stringify(given.customProperties ?? {})
    return {}
  },
}
