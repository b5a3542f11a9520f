/** What the server does with a browser that misbehaves; the real one is in test/interop/pdf-chromium.test.ts. */
import { execFileSync } from 'node:child_process'
import { chmodSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { readdir } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, expect, test } from 'vitest'
import type { DocumentPage } from '../../../ports/document.ts'
import { createChromium } from './chromium.ts'

const folder = mkdtempSync(join(tmpdir(), 'secflow-browsers-'))
afterAll(() => rmSync(folder, { recursive: true, force: true }))

const page = { html: '<p>text</p>' } as DocumentPage
const profiles = async () => (await readdir(tmpdir())).filter((name) => name.startsWith('secflow-chromium-'))

/** Processes of a group; the dead that nobody buried do not count. */
const running = (group: string) =>
  execFileSync('ps', ['-eo', 'pgid=,stat=,args='])
    .toString()
    .split('\n')
    .filter((line) => line.trim().startsWith(`${group} `) && !/^\d+ Z/.test(line.trim()))

/** A program in the browser's place, which writes down that it was started, and for whom. */
function program(name: string, does: string): { command: string; started: () => string[] } {
  const command = join(folder, name)
  const log = `${command}.log`
  writeFileSync(log, '')
  writeFileSync(
    command,
    `#!/bin/sh\nfor word; do case $word in --user-data-dir=*) echo "$$ \${word#*=}" >>${log};; esac; done\n${does}\n`,
  )
  chmodSync(command, 0o700)
  return { command, started: () => readFileSync(log, 'utf8').trim().split('\n').filter(Boolean) }
}

test('one that hangs is killed with all that it started, and left alone after the third mail', async () => {
  const { command, started } = program('hangs', 'sleep 60 & wait')
  const browser = createChromium({ command, timeoutMs: 200 })
  const begun = performance.now()
  const outcomes = await Promise.allSettled(Array.from({ length: 50 }, () => browser.draw(page)))
  expect(performance.now() - begun).toBeLessThan(5_000)
  expect(new Set(outcomes.map(({ status }) => status))).toEqual(new Set(['rejected']))
  expect(started()).toHaveLength(3)
  const left = await profiles()
  for (const line of started()) {
    const [pid = '', profile = ''] = line.split(' ')
    expect(running(pid)).toEqual([])
    expect(left.some((name) => profile.endsWith(name))).toBe(false)
  }
  await browser.close()
})

test.each([
  ['nonsense', String.raw`printf 'nonsense\0' >&4; sleep 60`],
  ['null', String.raw`printf 'null\0{"id":1}\0' >&4; sleep 60`],
  ['nothing and ends', 'exit 3'],
])('one that says %s costs a page its layout and nothing more', async (name, does) => {
  const browser = createChromium({ command: program(name.replace(/\W/g, '-'), does).command, timeoutMs: 300 })
  await expect(browser.draw(page)).rejects.toThrow()
  await browser.close()
})

test('one that is not there is an error of the page', async () => {
  const browser = createChromium({ command: join(folder, 'missing'), timeoutMs: 300 })
  await expect(browser.draw(page)).rejects.toThrow()
  await browser.close()
})
