import { type Content, type Detect, headText, startsWith } from './content-type.ts'

/** Drawings and models by their own marks. */
export const detectCad: Detect = (content) => {
  const type = stepType(content) ?? binaryType(content) ?? textType(content)
  return type === null ? null : { type }
}

/** ISO 10303-21 5.3: the exchange structure begins with this token; IFC is a schema of it. */
function stepType(content: Content): string | null {
  const text = headText(content).replace(/^(\/\*[\s\S]{0,2000}?\*\/\s*)+/, '')
  if (!text.startsWith('ISO-10303-21')) return null
  return /FILE_SCHEMA\s*\(\s*\(\s*'IFC/i.test(text) ? 'ifc' : 'step'
}

function binaryType(content: Content): string | null {
  if (/^AC10\d\d$/.test(content.head.toString('latin1', 0, 6)) && content.head[6]! < 0x20) return 'dwg'
  if (startsWith(content, 'AutoCAD Binary DXF')) return 'dxf'
  if (startsWith(content, 'V5_CFV2')) return 'catia'
  if (startsWith(content, 'glTF')) return 'glb'
  if (/^Version \d{1,2}\.\d.{0,4} JT/.test(content.head.toString('latin1', 0, 80))) return 'jt'
  if (content.head.length >= 84 && content.size > 84) {
    // Binary STL has no mark; its length follows from the count of triangles exactly.
    if (content.size === 84 + 50 * content.head.readUInt32LE(80)) return 'stl'
  }
  return null
}

function textType(content: Content): string | null {
  const text = headText(content)
  if (/^\*\*ABCDEFGHIJKLMNOPQRSTUVWXYZ/.test(text)) return 'parasolid'
  if (/^(999[^\n]*\n[^\n]*\n\s*)*0\r?\nSECTION\r?\n/.test(text)) return 'dxf'
  if (/^[^\r\n]{72}S {0,6}0*1\r?\n/.test(content.head.toString('latin1', 0, 100))) return 'iges'
  if (/^solid\b[^\n]{0,200}\n\s*facet\s/.test(text)) return 'stl'
  return null
}
