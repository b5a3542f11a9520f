import {
  DESCRIPTION,
  EVENTS,
  FILES,
  GROUP_LABEL,
  type Installation,
  iconFile,
  MAILBOX,
  NAME,
  NEEDED_ICONS,
  PROVIDER,
  SHORT_DESCRIPTION,
  SURFACES,
  VERSION,
} from './addin.ts'

const SCHEMA = '1.19'
const SITE = 'https://developer.microsoft.com/json-schemas/teams'
/** Files beside the manifest in its package. */
export const PACKAGE = { color: 'color.png', outline: 'outline.png', german: 'de.json' } as const

/**
 * The unified manifest, for Outlook on the web, the new Outlook and classic Outlook 2307 and later of Microsoft 365. It has the
 * same id as the add-in only manifest: one of the two is deployed, not both.
 */
export function unifiedManifest({ base, id, supportUrl, sendMode }: Installation): object {
  return {
    $schema: `${SITE}/v${SCHEMA}/MicrosoftTeams.schema.json`,
    manifestVersion: SCHEMA,
    version: VERSION,
    id,
    developer: { name: PROVIDER, websiteUrl: supportUrl, privacyUrl: supportUrl, termsOfUseUrl: supportUrl },
    name: { short: NAME.en, full: NAME.en },
    description: { short: SHORT_DESCRIPTION.en, full: DESCRIPTION.en },
    icons: { color: PACKAGE.color, outline: PACKAGE.outline },
    accentColor: '#127A76',
    localizationInfo: {
      defaultLanguageTag: 'en',
      additionalLanguages: [{ languageTag: 'de', file: PACKAGE.german }],
    },
    validDomains: [new URL(base).host],
    authorization: { permissions: { resourceSpecific: [{ name: 'MailboxItem.ReadWrite.User', type: 'Delegated' }] } },
    extensions: [
      {
        requirements: { scopes: ['mail'], capabilities: [{ name: 'Mailbox', minVersion: MAILBOX.commands }] },
        runtimes: [
          ...SURFACES.map((surface) => ({
            id: `${surface.id}Runtime`,
            type: 'general',
            code: { page: `${base}/${surface.page}` },
            lifetime: 'short',
            actions: [{ id: surface.id, type: 'openPage', view: surface.id, pinnable: true }],
          })),
          {
            id: 'eventsRuntime',
            type: 'general',
            code: { page: `${base}/${FILES.page}`, script: `${base}/${FILES.script}` },
            lifetime: 'short',
            actions: EVENTS.map(({ handler }) => ({ id: handler, type: 'executeFunction' })),
          },
        ],
        ribbons: SURFACES.map((surface) => ({
          contexts: [surface.mode === 'compose' ? 'mailCompose' : 'mailRead'],
          tabs: [
            {
              builtInTabId: 'TabDefault',
              groups: [
                {
                  id: surface.group,
                  label: GROUP_LABEL.en,
                  controls: [
                    {
                      id: surface.id,
                      type: 'button',
                      label: surface.label.en,
                      icons: NEEDED_ICONS.map((size) => ({ size, url: `${base}/${iconFile(size)}` })),
                      supertip: { title: surface.label.en, description: surface.tip.en },
                      actionId: surface.id,
                    },
                  ],
                },
              ],
            },
          ],
        })),
        autoRunEvents: [
          {
            requirements: { scopes: ['mail'], capabilities: [{ name: 'Mailbox', minVersion: MAILBOX.send }] },
            events: EVENTS.map(({ unified, handler }) => ({
              type: unified,
              actionId: handler,
              ...(unified === 'messageSending'
                ? { options: { sendMode: sendMode === 'Block' ? 'block' : 'softBlock' } }
                : {}),
            })),
          },
        ],
      },
    ],
  }
}

/** The German texts of the unified manifest, by the place of each in it. */
export function germanTexts(): object {
  const texts: Record<string, string> = {
    'name.short': NAME.de,
    'name.full': NAME.de,
    'description.short': SHORT_DESCRIPTION.de,
    'description.full': DESCRIPTION.de,
  }
  for (const [at, surface] of SURFACES.entries()) {
    const group = `extensions[0].ribbons[${at}].tabs[0].groups[0]`
    texts[`${group}.label`] = GROUP_LABEL.de
    texts[`${group}.controls[0].label`] = surface.label.de
    texts[`${group}.controls[0].supertip.title`] = surface.label.de
    texts[`${group}.controls[0].supertip.description`] = surface.tip.de
  }
  return { $schema: `${SITE}/v${SCHEMA}/MicrosoftTeams.Localization.schema.json`, ...texts }
}
