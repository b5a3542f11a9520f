/** The direction of imports, as ARCHITECTURE.md draws it: shared <- ports <- domain <- http <- compose <- main. */
const stages = ['ingress', 'parse', 'authenticate', 'evaluate', 'transform', 'seal', 'deliver', 'audit']
const domain = '^server/(journey|keys|people|policies|portal)/'
const only = (name, allowed, packages) => ({
  name,
  severity: 'error',
  from: { pathNot: [...allowed, '^(test|demo|tools)/', '\\.test\\.ts$'] },
  to: { path: packages.map((p) => `^node_modules/${p}(/|$)`) },
})
module.exports = {
  forbidden: [
    { name: 'no-cycles', severity: 'error', from: {}, to: { circular: true } },
    {
      name: 'shared-is-pure',
      severity: 'error',
      from: { path: '^shared/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(server|cli|demo|test|addin|web)/' },
    },
    {
      name: 'shared-has-no-node',
      severity: 'error',
      from: { path: '^shared/', pathNot: '\\.test\\.ts$' },
      to: { dependencyTypes: ['core'] },
    },
    {
      name: 'addin-knows-shared-only',
      severity: 'error',
      from: { path: '^addin/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(server|cli|demo|test|web|tools)/' },
    },
    {
      name: 'simulator-knows-shared-and-types-of-the-addin',
      severity: 'error',
      from: { path: '^simulator/', pathNot: '\\.test\\.ts$' },
      to: { path: '^(server|cli|demo|test|web|tools)/' },
    },
    {
      name: 'simulator-takes-only-types-of-the-addin',
      severity: 'error',
      from: { path: '^simulator/', pathNot: '\\.test\\.ts$' },
      to: { path: '^addin/', dependencyTypesNot: ['type-only'] },
    },
    {
      name: 'nothing-of-the-product-knows-the-simulator',
      severity: 'error',
      from: { path: '^(shared|server|cli|addin|demo|web)/' },
      to: { path: '^simulator/' },
    },
    {
      name: 'launch-events-know-words-only',
      severity: 'error',
      from: { path: '^addin/(launch|stamp)/', pathNot: '\\.test\\.ts$' },
      to: { pathNot: ['^addin/(launch|stamp)/', '^shared/words/(header-names|plain-address|sha256|stamp)\\.ts$'] },
    },
    {
      name: 'server-knows-the-manifest-only',
      severity: 'error',
      from: {
        path: '^(server|cli|shared)/',
        pathNot: ['^server/http/routes/addin\\.ts$', '^cli/manifest\\.ts$', '\\.test\\.ts$'],
      },
      to: { path: '^addin/' },
    },
    {
      name: 'ports-know-shared-and-turns-only',
      severity: 'error',
      from: { path: '^server/ports/' },
      to: { path: '^server/', pathNot: '^server/(ports/|threads/turn\\.ts$)' },
    },
    {
      name: 'mime-knows-ports-and-threads-only',
      severity: 'error',
      from: { path: '^server/mime/', pathNot: '\\.test\\.ts$' },
      to: { path: '^server/', pathNot: '^server/(ports|mime|threads)/' },
    },
    {
      name: 'threads-know-shared-only',
      severity: 'error',
      from: { path: '^server/threads/', pathNot: '\\.test\\.ts$' },
      to: { path: '^server/', pathNot: '^server/threads/' },
    },
    {
      name: 'domain-does-no-http',
      severity: 'error',
      from: { path: domain, pathNot: '\\.test\\.ts$' },
      to: { path: '^server/(http|platform|compose|main)' },
    },
    {
      name: 'platform-is-met-in-compose',
      severity: 'error',
      from: {
        path: '^server/',
        pathNot: ['^server/platform/', '^server/compose', '^server/edge/', '^server/demo/', '\\.test\\.ts$'],
      },
      to: { path: '^server/platform/' },
    },
    {
      name: 'platform-knows-ports',
      severity: 'error',
      from: { path: '^server/platform/', pathNot: '\\.test\\.ts$' },
      to: { path: '^server/', pathNot: '^server/(platform|ports|mime|threads)/' },
    },
    {
      name: 'http-below-compose',
      severity: 'error',
      from: { path: '^server/http/', pathNot: '\\.test\\.ts$' },
      to: { path: '^server/(compose|main)' },
    },
    ...stages.map((s) => ({
      name: `stage-${s}-imports-no-other-stage`,
      severity: 'error',
      from: { path: `^server/journey/${s}/`, pathNot: '\\.test\\.ts$' },
      to: { path: `^server/journey/(${stages.filter((x) => x !== s).join('|')})/` },
    })),
    only('databases-stay-in-platform', ['^server/platform/'], ['drizzle-orm', 'pg', 'better-sqlite3', '@aws-sdk']),
    only('mailauth-stays-where-mail-is-vouched-for', ['^server/journey/(authenticate|seal)/'], ['mailauth']),
    only('smtp-server-stays-in-ingress', ['^server/journey/ingress/'], ['smtp-server']),
    only(
      'crypto-libraries-stay-in-their-rooms',
      ['^server/journey/transform/', '^server/keys/'],
      ['openpgp', 'node-forge', 'pdf-lib', '@cantoo/pdf-lib', 'fontkit'],
    ),
    {
      name: 'production-code-has-no-dev-dependency',
      severity: 'error',
      // What browsers load is bundled.
      from: { path: '^(shared|server|cli|addin)/', pathNot: ['^addin/(pane|sign-in)/', '\\.test\\.ts$'] },
      to: { dependencyTypes: ['npm-dev'] },
    },
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    exclude: { path: '(^|/)(dist|data)/' },
    tsPreCompilationDeps: true,
    tsConfig: { fileName: 'tsconfig.base.json' },
    enhancedResolveOptions: { extensions: ['.ts', '.tsx', '.js', '.json', '.mjs', '.cjs'] },
  },
}
