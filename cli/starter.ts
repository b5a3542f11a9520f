/** What `secflow init` writes. Small on purpose: every line is one that its owner will read. */

export interface Starter {
  /** Tenant id. */
  readonly id: string
  readonly name: string
  readonly domain: string
  /** Signs what leaves. */
  readonly dkim?: { readonly selector: string /** PKCS#8 PEM. */; readonly key: string }
}

export interface StarterFile {
  /** Below the chosen folder. */
  readonly path: string
  readonly content: string
  /** Only its owner may read it. */
  readonly secret: boolean
}

export function starterFiles(starter: Starter, master: string): StarterFile[] {
  const { dkim } = starter
  return [
    { path: 'secflow.yaml', content: configuration(starter), secret: true },
    { path: 'secrets/master', content: `${master}\n`, secret: true },
    ...(dkim ? [{ path: keyFile(dkim.selector), content: dkim.key, secret: true }] : []),
    { path: 'people.yaml', content: people(starter), secret: true },
    { path: 'policy/tenant/baseline.yaml', content: baseline(starter), secret: false },
    { path: 'policy/tests/fixtures_test.yaml', content: fixtures(starter), secret: false },
    { path: 'policy/tests/baseline_test.yaml', content: baselineTest, secret: false },
    { path: '.gitignore', content: 'secrets/\ndata/\n', secret: false },
  ]
}

const keyFile = (selector: string): string => `secrets/dkim-${selector}.pem`

const configuration = ({
  id,
  name,
  domain,
  dkim,
}: Starter) => `# Secflow. Reference: docs/operate/configuration.md; "secflow doctor" says what is wrong.
dataDir: ./data

secrets:
  master: "\${file:secrets/master}"   # every key derives from it: keep a copy in a safe

http:
  port: 8080
  # publicUrl: https://mail.${domain}   # base of every link in a mail

smtp:
  port: 2525
  hostname: gateway.${domain}
  # tls: {cert: "\${file:tls/cert.pem}", key: "\${file:tls/key.pem}"}

relay:
  url: smtp://127.0.0.1:2526?tls=opportunistic   # next hop for everything that leaves

tenants:
  - id: ${id}
    name: ${JSON.stringify(name)}
    domains: [${domain}]
    policyDir: policy
    people: people.yaml
    ${dkim ? '' : '# '}dkim: [{domain: ${domain}, selector: ${dkim?.selector ?? 's1'}, key: "\${file:${keyFile(dkim?.selector ?? 's1')}}"}]   # signs what leaves: docs/operate/dkim.md
    # relays: [{name: exchange, cidr: [192.0.2.0/28]}]   # mail servers whose word counts for our senders
    # webhooks: {soc: {url: https://soc.${domain}/secflow, secret: "\${file:secrets/soc}"}}
`

const people = ({
  domain,
}: Starter) => `# Users, correspondents and keys. Paths start from this folder; addresses are compared without case.
people: []
  # - address: anna@${domain}
  #   name: Anna Example
  #   user: true
  #   department: Sales
  #   phone: "+4915112345678"
  #   password: "$argon2id$..."       # for SMTP AUTH
  # - address: bob@partner.example
  #   smime: keys/bob.pem             # certificate, or the PEM text itself
anchors: []                           # authorities whose certificates are trusted
identities: []
  # - {gateway: true, address: mail@${domain}, certificate: keys/gateway.pem, key: keys/gateway.key}
`

const baseline = ({ domain }: Starter) => `apiVersion: secflow/v1
kind: RuleSet
metadata:
  name: baseline
  layer: tenant
  owner: security@${domain}
  description: What holds for every sender.
spec:
  preference: [smime, pgp, pdf, portal, tls]
  onUnknown: defer                    # facts missing for a restrictive rule: try again later, never skip
  labels:                             # lowest first
    - {id: public, title: {de: Öffentlich, en: Public}}
    - {id: internal, title: {de: Intern, en: Internal}}
    - {id: confidential, title: {de: Vertraulich, en: Confidential}}
  defaultLabel: internal
  rules:
    - id: confidential-encrypted
      title: {de: Vertrauliches geht nur verschlüsselt hinaus, en: Confidential mail leaves encrypted only}
      when:
        all:
          - recipient.external: true
          - message.classification: {atLeast: confidential}
      then:
        - protect: {anyOf: [smime, pgp, portal], ifNone: hold}
  guarantees:
    - id: confidential-never-clear
      title: {de: Nichts Vertrauliches verlässt das Haus unverschlüsselt, en: Nothing confidential leaves unencrypted}
      when:
        all:
          - message.classification: {atLeast: confidential}
          - recipient.external: true
      require: {protectedBy: [smime, pgp, pdf, portal], orOutcome: [hold, quarantine, reject, defer]}
      onViolation: hold
`

const fixtures = ({ domain }: Starter) => `apiVersion: secflow/v1
kind: PolicyFixtures
senders:
  anybody: {address: user@${domain}}
messages:
  ordinary: {sender: anybody, subject: Hello}
  confidential: {sender: anybody, subject: Figures, classification: confidential}
recipients:
  with-smime: {address: bob@partner.example, keys: {smime: valid, pgp: none}}
  no-key: {address: carol@partner.example, keys: {smime: none, pgp: none}}
`

const baselineTest = `apiVersion: secflow/v1
kind: PolicyTest
name: baseline
tests:
  - name: ordinary mail is left alone
    input: {message: ordinary, recipients: [no-key]}
    expected: [{recipients: [no-key], outcome: deliver, method: null}]
  - name: confidential mail takes the best method of each recipient
    input: {message: confidential, recipients: [with-smime, no-key]}
    expected:
      - {recipients: [with-smime], outcome: deliver, method: smime}
      - {recipients: [no-key], outcome: deliver, method: portal}
`
