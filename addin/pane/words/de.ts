import type { Words } from './words.ts'

const people = (count: number) => `${count} Empfänger`

export const de: Words = {
  title: 'Nachricht schützen',
  loading: 'Die Nachricht wird gelesen …',
  settings: { theme: 'Darstellung', auto: 'Wie Outlook', light: 'Hell', dark: 'Dunkel' },
  retry: 'Noch einmal versuchen',
  signIn: 'Anmelden',
  showMore: (count) => `${count} weitere zeigen`,
  why: 'Warum',
  trouble: {
    'signed-out': {
      title: 'Sie sind nicht angemeldet',
      text: 'Melden Sie sich an, um zu sehen, was mit dieser Nachricht geschieht. Senden können Sie auch so: Das Gateway schützt sie nach der Richtlinie.',
    },
    forbidden: {
      title: 'Für diesen Absender dürfen Sie das nicht',
      text: 'Ihr Konto darf nicht als Absender dieser Nachricht schreiben. Wählen Sie unter „Von“ einen anderen, oder fragen Sie Ihre Administration.',
    },
    busy: {
      title: 'Gerade sehr viele Anfragen',
      text: 'Die Vorschau folgt gleich von selbst. Sie können weiterschreiben und senden.',
    },
    refused: {
      title: 'Die Vorschau hat diese Nachricht nicht verstanden',
      text: 'Was Sie gewählt haben, steht an der Nachricht; das Gateway entscheidet beim Senden.',
    },
    broken: {
      title: 'Die Vorschau ist gestört',
      text: 'Es wird von selbst wieder versucht. Sie können senden: Das Gateway schützt Ihre Nachricht nach der Richtlinie.',
    },
    slow: {
      title: 'Der Dienst antwortet nicht rechtzeitig',
      text: 'Es wird von selbst wieder versucht. Sie können senden: Das Gateway schützt Ihre Nachricht nach der Richtlinie.',
    },
    offline: {
      title: 'Keine Verbindung',
      text: 'Was Sie wählen, bleibt an der Nachricht. Das Gateway schützt sie beim Senden nach der Richtlinie.',
    },
    'not-set-up': {
      title: 'Keine Anmeldung für Ihre Organisation',
      text: 'Ihre Administration hat die Anmeldung noch nicht eingerichtet. Sie können wie gewohnt senden: Das Gateway schützt Ihre Nachricht nach der Richtlinie.',
    },
  },
  offlinePreview:
    'Vorschau nach der letzten bekannten Richtlinie. Was nur der Dienst weiß, entscheidet sich beim Senden.',
  offlineNone: 'Es ist keine Richtlinie bekannt, die eine Vorschau gäbe.',
  slow: 'Der Dienst lässt auf sich warten …',
  noOffice: {
    title: 'Bitte in Outlook öffnen',
    text: 'Diese Seite ist der Secflow-Bereich. Wählen Sie in einer Nachricht „Schützen“ im Menüband.',
  },
  noItem: {
    title: 'Keine Nachricht ausgewählt',
    text: 'Wählen Sie eine Nachricht, um zu sehen, wie sie geschützt war.',
  },
  classification: {
    title: 'Einstufung',
    standard: 'Standard',
    meanings: [
      'Darf jeder wissen.',
      'Für Leute im Haus und Partner, die es brauchen.',
      'Nur für die genannten Empfänger.',
      'Der strengste Schutz, den die Richtlinie hat.',
    ],
    none: {
      title: 'Keine Klassen',
      text: 'Die Richtlinie Ihrer Organisation hat keine Klassen zur Wahl. Der Schutz folgt ihren Regeln.',
    },
    thread: (label) => `Dieser Schriftwechsel ist „${label}“.`,
    raised: (label) =>
      `Diese Nachricht zählt als „${label}“: So ist eingestuft, was sie beantwortet, oder die Richtlinie will es so.`,
    unknown: (label) =>
      `Die Nachricht trägt die Klasse „${label}“, die die Richtlinie nicht kennt. Sie zählt als die höchste.`,
    level: (rank, of) => `Stufe ${rank} von ${of}`,
  },
  options: {
    title: 'Schutz',
    method: 'Zustellweg',
    byPolicy: 'Wie die Richtlinie sagt',
    locked: 'Von der Richtlinie gesetzt',
    locks: {
      'no-files': 'Diese Nachricht hat keine Anhänge.',
      'nothing-to-waive': 'Die Richtlinie verlangt hier keinen Schutz.',
      encrypted: 'Nicht zusammen mit Verschlüsselung.',
    },
    policySays: (reason) => `Von der Richtlinie gesetzt: ${reason}`,
    policy: 'Von der Richtlinie gesetzt.',
  },
  link: {
    expires: 'Abrufbar',
    byPolicy: 'Wie die Richtlinie sagt',
    days: (days) => (days === 1 ? '1 Tag' : `${days} Tage`),
    secondFactor: 'Zweiten Faktor verlangen',
    secondFactorHint: 'Der Empfänger meldet sich an und bestätigt mit einem Code per SMS.',
    receipt: 'Sagen, wie zugestellt wurde',
    receiptHint: 'Eine Quittung wird aufbewahrt; Sie finden sie hier wieder.',
  },
  reason: {
    title: 'Begründung',
    lower: (label) =>
      `Weniger als die Klasse dieses Schriftwechsels („${label}“) braucht eine Begründung. Bis dahin bleibt es bei ihr.`,
    plain: 'Weniger Schutz braucht eine Begründung. Sie wird festgehalten.',
    label: 'Warum ist hier weniger Schutz richtig?',
    presets: ['Der Inhalt ist nicht mehr vertraulich', 'Vorher falsch eingestuft', 'Mit dem Empfänger abgesprochen'],
    own: 'Ein anderer Grund',
    tooLong: (over) => `Bitte kürzen: ${over} Zeichen zu viel für den Nachrichtenkopf.`,
    needed: 'Bitte geben Sie einen Grund an.',
  },
  preview: {
    title: 'Was geschehen wird',
    waiting: 'Es wird ermittelt, was geschehen wird …',
    nobody: 'Tragen Sie Empfänger ein, um für jeden zu sehen, was geschehen wird.',
    stale: 'Wird aktualisiert …',
    offline: 'Ohne Verbindung',
    fates: {
      reject: { title: 'Wird nicht gesendet', text: 'Die Richtlinie hält die Nachricht an diese Empfänger auf.' },
      quarantine: { title: 'Kommt in Quarantäne', text: 'Jemand prüft sie zuerst.' },
      hold: { title: 'Wartet auf Freigabe', text: 'Jemand muss sie erst freigeben.' },
      defer: { title: 'Entscheidet sich beim Senden', text: 'Eine Angabe ist gerade nicht bekannt.' },
      smime: { title: 'Mit S/MIME verschlüsselt', text: 'Öffnet sich im Mailprogramm des Empfängers.' },
      pgp: { title: 'Mit OpenPGP verschlüsselt', text: 'Öffnet sich mit dem OpenPGP-Schlüssel des Empfängers.' },
      pdf: { title: 'Verschlüsseltes PDF', text: 'Die Nachricht kommt als PDF an, das ein Kennwort verlangt.' },
      portal: { title: 'Sicheres Portal', text: 'Der Empfänger liest und antwortet im Browser.' },
      tls: { title: 'Auf dem Weg verschlüsselt', text: 'Über eine geprüfte Verbindung zum Server des Empfängers.' },
      plain: { title: 'Normale Mail', text: 'Wird ohne besonderen Schutz gesendet.' },
    },
    deferOffline: 'Was über diese Empfänger bekannt ist, kann nur der Dienst sagen.',
    people,
    external: 'Extern',
    fields: { to: 'An', cc: 'Cc', bcc: 'Bcc' },
    missing: 'Es fehlt',
    signed: 'Signiert',
    receipt: 'Mit Quittung',
    links: (files, days) =>
      `${files === 1 ? '1 Anhang' : `${files} Anhänge`} als Link${days > 0 ? `, ${days === 1 ? '1 Tag' : `${days} Tage`}` : ''}`,
    linksSecondFactor: 'Link mit zweitem Faktor',
    password: {
      sms: 'Kennwort per SMS',
      sender: 'Sie erhalten das Kennwort und geben es weiter',
      portal: 'Kennwort im Portal',
    },
    changed: (groups, count) =>
      `Vorschau aktualisiert: ${people(count)}, ${groups === 1 ? 'eine Behandlung' : `${groups} verschiedene Behandlungen`}.`,
  },
  phone: {
    label: (name) => `Mobilnummer von ${name}`,
    hint: 'Für Kennwort oder Code. Mit Ländervorwahl, zum Beispiel +49 151 1234567',
    wrong: 'Das ist keine Nummer mit Ländervorwahl.',
    blind: 'Andere könnten sie in der Nachricht lesen. Senden Sie diesem Empfänger eine eigene Nachricht.',
    left: 'Für weitere Nummern ist hier kein Platz. Senden Sie diesem Empfänger eine eigene Nachricht.',
    needed: (count, names) => `${count === 1 ? 'Eine Mobilnummer fehlt' : 'Mobilnummern fehlen'}: ${names}.`,
  },
  notices: {
    external: (count) =>
      count === 1 ? '1 Empfänger außerhalb Ihrer Organisation' : `${count} Empfänger außerhalb Ihrer Organisation`,
    unresolved: (count, names) => ({
      title: count === 1 ? '1 Name ist noch keine Adresse' : `${count} Namen sind noch keine Adressen`,
      text: `${names}. In der Vorschau fehlen sie. Lösen Sie die Namen in der Nachricht auf.`,
    }),
    large: (names, linked) =>
      linked
        ? `Groß: ${names}. Wird als Link zugestellt.`
        : `Groß: ${names}. Viele Mailserver nehmen so viel nicht an.`,
    asLinks: 'Als Link senden',
    cut: 'Outlook nennt Add-ins bei so vielen Empfängern nur einen Teil. Das Gateway entscheidet für alle.',
    unreadable: {
      title: 'Outlook sagt nicht, an wen diese Nachricht geht',
      text: 'Es gibt keine Vorschau. Das Gateway entscheidet beim Senden.',
    },
  },
  stamp: {
    none: 'Noch nicht an der Nachricht vermerkt',
    writing: 'Wird an der Nachricht vermerkt …',
    signed: 'An dieser Nachricht gestempelt',
    unsigned: 'Ihre Wahl steht an dieser Nachricht',
    failed: {
      refused: 'Outlook hat Ihre Wahl nicht angenommen. Das Gateway entscheidet nach der Richtlinie.',
      unread: 'Outlook hat Ihre Wahl angenommen, zeigt sie aber nicht wieder. Prüfen Sie vor dem Senden noch einmal.',
      unsupported:
        'Dieses Outlook kann Ihre Wahl nicht an der Nachricht halten. Das Gateway entscheidet nach der Richtlinie.',
      unreadable: 'Outlook sagt zu wenig über diese Nachricht, um Ihre Wahl zu vermerken.',
    },
  },
  read: {
    title: 'Schutz dieser Nachricht',
    tabs: { message: 'Diese Nachricht', receipts: 'Meine Quittungen' },
    checking: 'Wird geprüft …',
    states: { good: 'Geprüft', partly: 'Zum Teil geprüft', bad: 'Nicht vertrauenswürdig', unknown: 'Nichts geprüft' },
    signer: 'Unterzeichnet von',
    layers: 'Schutz bei der Ankunft',
    checked: (date) => `Vom Gateway geprüft am ${date}`,
    noVerdict: {
      title: 'Kein Urteil an dieser Nachricht',
      text: 'Das Gateway hat sie nicht geprüft: Sie kann aus dem Haus sein oder aus der Zeit davor.',
    },
    unsupported: {
      title: 'Dieses Outlook zeigt Add-ins keine Kopfzeilen',
      text: 'Öffnen Sie die Nachricht in Outlook im Web oder auf Ihrem Rechner, um das Urteil zu sehen.',
    },
    failed: {
      title: 'Outlook hat keine Kopfzeilen genannt',
      text: 'So ist es bei Nachrichten in „Gesendete Elemente“. Deren Quittungen stehen unter „Meine Quittungen“.',
    },
    unverified: {
      title: 'Das Urteil ließ sich nicht prüfen',
      text: 'Verlassen Sie sich nicht auf das, was die Nachricht von sich sagt.',
    },
    search: 'Quittungen suchen',
    searchHint: 'Betreff oder Empfänger',
    find: 'Suchen',
    nothing: 'Keine Nachrichten gefunden.',
    found: (count) => (count === 1 ? '1 Nachricht' : `${count} Nachrichten`),
    more: 'Mehr zeigen',
    receipt: 'Quittung',
    noReceipt: 'Keine Quittung',
    rules: 'Regeln',
    until: (date) => `abrufbar bis ${date}`,
    recipientStates: {
      pending: 'unterwegs',
      deferred: 'wird wieder versucht',
      held: 'wartet auf Freigabe',
      quarantined: 'in Quarantäne',
      delivered: 'zugestellt',
      filed: 'abgelegt',
      rejected: 'nicht gesendet',
      failed: 'fehlgeschlagen',
      dropped: 'verworfen',
    },
    methods: {
      smime: 'S/MIME',
      pgp: 'OpenPGP',
      pdf: 'Verschlüsseltes PDF',
      portal: 'Portal',
      tls: 'Auf dem Weg verschlüsselt',
      plain: 'Normale Mail',
    },
  },
}
