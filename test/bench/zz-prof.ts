import { readFileSync } from 'node:fs'
import { startGateway } from '../support/gateway.ts'
import { sendLoad } from './load.ts'
import { startSink } from './sink.ts'
import { benchTenant, recipientsOf, SENDER } from './tenant.ts'
const n = Number(process.argv[2] ?? 2000)
await using sink = await startSink()
using tenant = await benchTenant(sink.smsUrl)
await using gateway = await startGateway({ relayPort: sink.smtpPort, settings: { tenants: [tenant.settings], relay: { url: `smtp://127.0.0.1:${sink.smtpPort}?tls=none&connections=20` }, logLevel: 'warn' }, env: process.env.PROF ? { NODE_OPTIONS: `--cpu-prof --cpu-prof-dir=/tmp/prof` } : {} })
const cpu = () => { const kids = gateway.process.pid!; const all=[kids]; try { all.push(...readFileSync(`/proc/${kids}/task/${kids}/children`,'utf8').trim().split(' ').filter(Boolean).map(Number)) } catch {}; return all.map(p=>{const f=readFileSync(`/proc/${p}/stat`,'utf8').split(') ')[1]!.split(' ');return (Number(f[11])+Number(f[12]))*10}).reduce((a,b)=>a+b,0) }
const head = `From: Sender <${SENDER}>\r\nTo: Recipient <recipient@elsewhere.example>\r\nSubject: Quarterly figures\r\nDate: Mon, 23 Nov 2026 10:00:00 +0000\r\nMessage-ID: <bench@bench.example>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary="bench"\r\n\r\n--bench\r\nContent-Type: text/plain; charset=utf-8\r\n\r\n${'The figures of the quarter are attached. Please tell me by Friday what is missing.\r\n'.repeat(25)}\r\n--bench\r\nContent-Type: application/octet-stream; name="figures.bin"\r\nContent-Disposition: attachment; filename="figures.bin"\r\nContent-Transfer-Encoding: base64\r\n\r\n${Buffer.alloc(5600, 'figures').toString('base64').replace(/.{76}/g, '$&\r\n')}\r\n--bench--\r\n`
const MAIL = Buffer.from(head)
for (const count of [300, n, n]) {
  const { reached } = await sink.expect({ domain: 'plain.example', count }, 120000)
  const c0 = cpu(); const t = performance.now()
  await sendLoad({ port: gateway.smtpPort, connections: 50, messages: count, sender: SENDER, recipients: recipientsOf('plain'), content: MAIL })
  const ta = performance.now() - t
  await reached
  const s = performance.now() - t
  console.log(`${count}: ${(count / s * 1000).toFixed(0)} msg/s, accept ${(count/ta*1000).toFixed(0)}/s, cpu ${((cpu() - c0) / count).toFixed(2)} ms/msg, rss ${(gateway.peakRss()/1e6).toFixed(0)}`)
}
await new Promise(r=>setTimeout(r,5500))
const m = await (await fetch(`http://127.0.0.1:${gateway.adminPort}/metrics`)).text()
console.log(m.split('\n').filter(l => /^secflow_(nodejs_heap_s|nodejs_external|process_res|nodejs_heap_space_size_used|nodejs_eventloop_lag_p99|edge_.*|nodejs_gc_duration_seconds_(sum|count))/.test(l)).join('\n'))
console.log(readFileSync(`/proc/${gateway.process.pid}/status`,'utf8').match(/Rss.*/g))
