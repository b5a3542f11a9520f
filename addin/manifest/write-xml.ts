import {
  APP_ICONS,
  BUTTON_ICONS,
  DESCRIPTION,
  EVENTS,
  FILES,
  GROUP_LABEL,
  type Installation,
  iconFile,
  LOCALES,
  MAILBOX,
  NAME,
  PROVIDER,
  SURFACES,
  type Surface,
  type Text,
  VERSION,
} from './addin.ts'
import { type Element, element, writeXml } from './xml.ts'

const NAMESPACES = {
  xmlns: 'http://schemas.microsoft.com/office/appforoffice/1.1',
  'xmlns:xsi': 'http://www.w3.org/2001/XMLSchema-instance',
  'xmlns:bt': 'http://schemas.microsoft.com/office/officeappbasictypes/1.0',
}
const OVERRIDES = 'http://schemas.microsoft.com/office/mailappversionoverrides'

/** The add-in only manifest (MS-OWEMXML): the one that every client and Exchange of one's own takes. */
export function xmlManifest(installation: Installation): string {
  const { base } = installation
  const page = `${base}/${SURFACES[0]!.page}`
  return writeXml(
    element('OfficeApp', { ...NAMESPACES, 'xsi:type': 'MailApp' }, [
      element('Id', {}, installation.id),
      element('Version', {}, `${VERSION}.0`),
      element('ProviderName', {}, PROVIDER),
      element('DefaultLocale', {}, LOCALES.en),
      localised('DisplayName', NAME),
      localised('Description', DESCRIPTION),
      element('IconUrl', { DefaultValue: `${base}/${iconFile(APP_ICONS.normal)}` }),
      element('HighResolutionIconUrl', { DefaultValue: `${base}/${iconFile(APP_ICONS.fine)}` }),
      element('SupportUrl', { DefaultValue: installation.supportUrl }),
      element('AppDomains', {}, [element('AppDomain', {}, new URL(base).origin)]),
      element('Hosts', {}, [element('Host', { Name: 'Mailbox' })]),
      element('Requirements', {}, [
        element('Sets', {}, [element('Set', { Name: 'Mailbox', MinVersion: MAILBOX.base })]),
      ]),
      element('FormSettings', {}, [form('ItemRead', `${base}/${SURFACES[1]!.page}`), form('ItemEdit', page)]),
      element('Permissions', {}, 'ReadWriteItem'),
      element('Rule', { 'xsi:type': 'RuleCollection', Mode: 'Or' }, [rule('Edit'), rule('Read')]),
      element('DisableEntityHighlighting', {}, 'false'),
      versionOverrides(installation),
    ]),
  )
}

const localised = (name: string, text: Text) =>
  element(name, { DefaultValue: text.en }, [
    text.de === text.en ? null : element('Override', { Locale: LOCALES.de, Value: text.de }),
  ])

const form = (type: string, url: string) =>
  element('Form', { 'xsi:type': type }, [
    element('DesktopSettings', {}, [
      element('SourceLocation', { DefaultValue: url }),
      type === 'ItemRead' ? element('RequestedHeight', {}, '250') : null,
    ]),
  ])

const rule = (formType: string) => element('Rule', { 'xsi:type': 'ItemIs', ItemType: 'Message', FormType: formType })

/** Buttons for clients that know 1.0 only; 1.1 in it has the same buttons, pinning and the events. */
function versionOverrides(installation: Installation): Element {
  return element('VersionOverrides', { xmlns: OVERRIDES, 'xsi:type': 'VersionOverridesV1_0' }, [
    requirements(),
    element('Hosts', {}, [
      element('Host', { 'xsi:type': 'MailHost' }, [
        element('DesktopFormFactor', {}, [
          element('FunctionFile', { resid: 'Events.Page' }),
          ...SURFACES.map((surface) => commandSurface(surface, false)),
        ]),
      ]),
    ]),
    resources(installation, false),
    element('VersionOverrides', { xmlns: `${OVERRIDES}/1.1`, 'xsi:type': 'VersionOverridesV1_1' }, [
      requirements(),
      element('Hosts', {}, [
        element('Host', { 'xsi:type': 'MailHost' }, [
          element('Runtimes', {}, [
            element('Runtime', { resid: 'Events.Page' }, [
              element('Override', { type: 'javascript', resid: 'Events.Script' }),
            ]),
          ]),
          element('DesktopFormFactor', {}, [
            element('SupportsSharedFolders', {}, 'true'),
            element('FunctionFile', { resid: 'Events.Page' }),
            ...SURFACES.map((surface) => commandSurface(surface, true)),
            launchEvents(EVENTS, installation),
          ]),
          element('MobileFormFactor', {}, [
            launchEvents(
              EVENTS.filter(({ mobile }) => mobile),
              installation,
            ),
          ]),
        ]),
      ]),
      resources(installation, true),
    ]),
  ])
}

const requirements = () =>
  element('Requirements', {}, [
    element('bt:Sets', { DefaultMinVersion: MAILBOX.commands }, [element('bt:Set', { Name: 'Mailbox' })]),
  ])

/** Ids are unique in a whole manifest; those of 1.1, which clients of today read, are the ones the alerts name. */
function commandSurface({ id, group, mode }: Surface, newer: boolean): Element {
  const own = (name: string) => (newer ? name : `${name}10`)
  const resid = `${id}.Label`
  return element('ExtensionPoint', { 'xsi:type': `Message${mode === 'compose' ? 'Compose' : 'Read'}CommandSurface` }, [
    element('OfficeTab', { id: 'TabDefault' }, [
      element('Group', { id: own(group) }, [
        element('Label', { resid: 'Group.Label' }),
        element('Control', { 'xsi:type': 'Button', id: own(id) }, [
          element('Label', { resid }),
          element('Supertip', {}, [element('Title', { resid }), element('Description', { resid: `${id}.Tip` })]),
          element(
            'Icon',
            {},
            BUTTON_ICONS.map((size) => element('bt:Image', { size: String(size), resid: `Icon.${size}` })),
          ),
          element('Action', { 'xsi:type': 'ShowTaskpane' }, [
            element('SourceLocation', { resid: `${id}.Url` }),
            newer ? element('SupportsPinning', {}, 'true') : null,
          ]),
        ]),
      ]),
    ]),
  ])
}

const launchEvents = (events: typeof EVENTS, { sendMode }: Installation) =>
  element('ExtensionPoint', { 'xsi:type': 'LaunchEvent' }, [
    element(
      'LaunchEvents',
      {},
      events.map(({ type, handler }) =>
        element('LaunchEvent', {
          Type: type,
          FunctionName: handler,
          ...(type === 'OnMessageSend' ? { SendMode: sendMode } : {}),
        }),
      ),
    ),
    element('SourceLocation', { resid: 'Events.Page' }),
  ])

function resources({ base }: Installation, newer: boolean): Element {
  const resource = (kind: string, id: string, value: string) =>
    element(`bt:${kind}`, { id, DefaultValue: `${base}/${value}` })
  const string = (id: string, text: Text) =>
    element('bt:String', { id, DefaultValue: text.en }, [
      element('bt:Override', { Locale: LOCALES.de, Value: text.de }),
    ])
  return element('Resources', {}, [
    element(
      'bt:Images',
      {},
      BUTTON_ICONS.map((size) => resource('Image', `Icon.${size}`, iconFile(size))),
    ),
    element('bt:Urls', {}, [
      ...SURFACES.map(({ id, page }) => resource('Url', `${id}.Url`, page)),
      resource('Url', 'Events.Page', FILES.page),
      newer ? resource('Url', 'Events.Script', FILES.script) : null,
    ]),
    element('bt:ShortStrings', {}, [
      string('Group.Label', GROUP_LABEL),
      ...SURFACES.map(({ id, label }) => string(`${id}.Label`, label)),
    ]),
    element(
      'bt:LongStrings',
      {},
      SURFACES.map(({ id, tip }) => string(`${id}.Tip`, tip)),
    ),
  ])
}
