import type { Command } from 'commander'
import { loadConfig } from '../server/config.ts'
import { ROLES, type Role, start } from '../server/main.ts'
import { Fault } from '../shared/fault/index.ts'
import type { CliIo } from './io.ts'

/** `secflow serve`: runs the gateway until it is told to stop. */
export function registerServe(program: Command, io: CliIo): void {
  program
    .command('serve')
    .description('run the gateway')
    .option('--config <file>', 'configuration (default: secflow.yaml here, or SECFLOW_CONFIG)')
    .option('--roles <list>', `what this process does: ${ROLES.join(',')}`, ROLES.join(','))
    .option('--json', 'print the ports as JSON once it runs')
    .addHelpText(
      'after',
      '\nExample:\n  secflow serve --config /etc/secflow/secflow.yaml --roles smtp,worker\n\nSIGHUP reads the policies again; SIGTERM stops within half a minute.',
    )
    .action(async (options: { config?: string; roles: string; json?: boolean }) => {
      const roles = options.roles.split(',').map((role) => role.trim())
      const unknown = roles.filter((role) => !ROLES.includes(role as Role))
      if (unknown.length || roles.length === 0) {
        io.err(`There is no role ${unknown.join(', ')}. Roles: ${ROLES.join(', ')}`)
        io.exit(2)
        return
      }
      let config: ReturnType<typeof loadConfig>
      try {
        config = loadConfig({
          ...(options.config === undefined ? {} : { file: options.config }),
          env: process.env,
          cwd: io.cwd,
        })
      } catch (error) {
        if (!(error instanceof Fault)) throw error
        io.err(
          `Secflow cannot start, the configuration is not complete:\n\n${error.detail.replaceAll(/^/gm, '  ')}\n\n"secflow init" writes a configuration with fresh secrets; "secflow doctor" checks one.`,
        )
        io.exit(3)
        return
      }
      // From the first port on a signal means a drain, not an end in the middle.
      const told = untilSignal()
      const running = await start(config, roles as Role[], {
        failed(error) {
          io.err(`Secflow stops: ${error.message}. Whoever started it starts it again; accepted mail is safe.`)
          process.exit(1)
        },
      })
      if (options.json) io.out(JSON.stringify({ ready: true, ...running.ports }))
      const reload = () => void running.house.reloadPolicies()
      process.on('SIGHUP', reload)
      await told
      process.off('SIGHUP', reload)
      await running.stop()
    })
}

function untilSignal(): Promise<void> {
  return new Promise((resolve) => {
    process.once('SIGTERM', resolve)
    process.once('SIGINT', resolve)
  })
}
