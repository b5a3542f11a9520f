/**
 * Which elements stand in which, and in what order (MS-OWEMXML; the order matters, whatever order would be clear). Only what
 * mail add-ins use. `?` may be there, `*` any number, `+` at least one; nothing: exactly one.
 */
const GRAMMAR: Readonly<Record<string, string>> = {
  'OfficeApp:MailApp':
    'Id AlternateId? Version ProviderName DefaultLocale DisplayName Description IconUrl HighResolutionIconUrl? SupportUrl ' +
    'AppDomains? Hosts Requirements FormSettings Permissions Rule DisableEntityHighlighting? VersionOverrides?',
  DisplayName: 'Override*',
  Description: 'Override*',
  IconUrl: 'Override*',
  HighResolutionIconUrl: 'Override*',
  SupportUrl: 'Override*',
  AppDomains: 'AppDomain+',
  Hosts: 'Host+',
  Host: '',
  'OfficeApp/Requirements': 'Sets',
  Sets: 'Set+',
  FormSettings: 'Form+',
  Form: 'DesktopSettings TabletSettings? PhoneSettings?',
  DesktopSettings: 'SourceLocation RequestedHeight?',
  TabletSettings: 'SourceLocation RequestedHeight?',
  PhoneSettings: 'SourceLocation',
  'Rule:RuleCollection': 'Rule+',
  'Rule:ItemIs': '',
  'VersionOverrides:VersionOverridesV1_0': 'Description? Requirements? Hosts Resources VersionOverrides?',
  'VersionOverrides:VersionOverridesV1_1':
    'Description? Requirements? Hosts Resources WebApplicationInfo? EquivalentAddins? ExtendedPermissions?',
  Requirements: 'bt:Sets',
  'bt:Sets': 'bt:Set+',
  'Host:MailHost': 'Runtimes? DesktopFormFactor? MobileFormFactor?',
  Runtimes: 'Runtime',
  Runtime: 'Override?',
  DesktopFormFactor: 'SupportsSharedFolders? FunctionFile ExtensionPoint+',
  MobileFormFactor: 'FunctionFile? ExtensionPoint+',
  'ExtensionPoint:MessageComposeCommandSurface': 'OfficeTab',
  'ExtensionPoint:MessageReadCommandSurface': 'OfficeTab',
  'ExtensionPoint:LaunchEvent': 'LaunchEvents SourceLocation',
  OfficeTab: 'Group+',
  Group: 'Label Control+',
  'Control:Button': 'Label Supertip Icon Action',
  Supertip: 'Title Description',
  Icon: 'bt:Image+',
  'Action:ShowTaskpane': 'SourceLocation SupportsPinning?',
  'Action:ExecuteFunction': 'FunctionName',
  LaunchEvents: 'LaunchEvent+',
  Resources: 'bt:Images bt:Urls bt:ShortStrings bt:LongStrings?',
  'bt:Images': 'bt:Image+',
  'bt:Urls': 'bt:Url+',
  'bt:ShortStrings': 'bt:String+',
  'bt:LongStrings': 'bt:String+',
  'bt:Image': 'bt:Override*',
  'bt:Url': 'bt:Override*',
  'bt:String': 'bt:Override*',
  WebApplicationInfo: 'Id Resource Scopes',
  Scopes: 'Scope+',
  ExtendedPermissions: 'ExtendedPermission+',
}

export interface Slot {
  readonly name: string
  readonly least: number
  readonly most: number
}

const slots = new Map<string, readonly Slot[]>(
  Object.entries(GRAMMAR).map(([name, content]) => [name, content.split(' ').filter(Boolean).map(slot)]),
)

function slot(text: string): Slot {
  const [, name, mark] = /^(.*?)([?*+]?)$/.exec(text)!
  return {
    name: name!,
    least: mark === '?' || mark === '*' ? 0 : 1,
    most: mark === '*' || mark === '+' ? Number.POSITIVE_INFINITY : 1,
  }
}

/** What stands in an element of this name, type (`xsi:type`) and parent; undefined for one that holds no elements or that we do not know. */
export function contentOf(
  name: string,
  type: string | undefined,
  parent: string | undefined,
): readonly Slot[] | undefined {
  return (
    (parent === undefined ? undefined : slots.get(`${parent}/${name}`)) ??
    (type === undefined ? undefined : slots.get(`${name}:${type}`)) ??
    slots.get(name)
  )
}

/** Elements that hold text or attributes only. */
export const LEAVES: ReadonlySet<string> = new Set(
  [
    'Id AlternateId Version ProviderName DefaultLocale AppDomain Set RequestedHeight Permissions DisableEntityHighlighting',
    'bt:Set bt:Override Override SourceLocation FunctionFile FunctionName Label Title SupportsPinning SupportsSharedFolders',
    'LaunchEvent Resource Scope ExtendedPermission',
  ].flatMap((line) => line.split(' ')),
)
