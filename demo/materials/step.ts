/** A STEP file (ISO 10303-21) of at least `bytes`: a point cloud of a turbine blade, as a supplier would send it. */
export function* stepFile(bytes: number): Generator<Buffer> {
  const head = `ISO-10303-21;\r
HEADER;\r
FILE_DESCRIPTION(('Turbine blade, demonstration'),'2;1');\r
FILE_NAME('blade.step','2026-11-23T08:00:00',('Demo'),('Demo GmbH'),'','','');\r
FILE_SCHEMA(('AUTOMOTIVE_DESIGN { 1 0 10303 214 1 1 1 1 }'));\r
ENDSEC;\r
DATA;\r
`
  const tail = 'ENDSEC;\r\nEND-ISO-10303-21;\r\n'
  yield Buffer.from(head)
  let written = head.length + tail.length
  for (let id = 1; written < bytes; ) {
    const lines: string[] = []
    for (let line = 0; line < 2_000; line++, id++) {
      const angle = id * 0.0137
      const z = (id % 5_000) / 50
      lines.push(
        `#${id}=CARTESIAN_POINT('',(${(Math.cos(angle) * (40 - z / 4)).toFixed(6)},${(Math.sin(angle) * 12).toFixed(6)},${z.toFixed(6)}));\r\n`,
      )
    }
    const chunk = Buffer.from(lines.join(''))
    written += chunk.length
    yield chunk
  }
  yield Buffer.from(tail)
}
