import { describe, expect, it } from 'vitest'
import { type LayerState, VERDICT_STATES } from '../../../../shared/domain/index.ts'
import { layerOf } from './judge.ts'
import { markIntegrity, verdictOn } from './verdict.ts'

const signature = (state: LayerState) => layerOf('smime-signed', state)
const encryption = (state: LayerState) => layerOf('smime-encrypted', state)
const BAD = VERDICT_STATES.filter((state) => state !== 'plain' && state !== 'unsigned' && state !== 'good')

describe('the verdict', () => {
  it('is plain without layers, unsigned with encryption alone, good with a good signature', () => {
    expect(verdictOn([]).state).toBe('plain')
    expect(verdictOn([encryption('decrypted')]).state).toBe('unsigned')
    expect(verdictOn([encryption('decrypted'), signature('good')]).state).toBe('good')
  })

  it('a signature around an encryption does not make its signer the author of what is inside', () => {
    expect(verdictOn([signature('good'), encryption('decrypted')])).toMatchObject({ state: 'unsigned', signer: null })
    expect(verdictOn([signature('good'), encryption('decrypted'), signature('good')]).state).toBe('good')
    expect(verdictOn([encryption('decrypted'), signature('good'), encryption('decrypted')]).state).toBe('unsigned')
  })

  it.each(BAD)('is never good beside a layer that is %s, and names no signer', (state) => {
    for (const layers of [
      [signature('good'), encryption(state)],
      [signature(state), signature('good')],
    ]) {
      expect(verdictOn(layers)).toMatchObject({ state, signer: null })
    }
  })

  it.each(BAD)('an encryption without integrity stays marked beside a signature that is %s', (state) => {
    expect(markIntegrity([encryption('no-integrity'), signature(state)])[0]?.state).toBe('no-integrity')
  })

  it('a good signature proves the integrity of what it covers', () => {
    expect(markIntegrity([encryption('no-integrity'), signature('good')])[0]?.state).toBe('decrypted')
  })
})
