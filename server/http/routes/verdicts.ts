import { type Language, VerdictAnswer, VerdictQuestion } from '../../../shared/contract/index.ts'
import { wordsOf } from '../../journey/transform/open/words.ts'
import { type ReadVerdict, verdictKey, verifyVerdict } from '../../people/verdict-token.ts'
import { languageOf } from '../language.ts'
import { caller } from '../plugins/auth.ts'
import type { Routes } from '../route.ts'
import { typed } from '../typed.ts'

const INTERNAL = {
  de: 'E-Mail aus dem eigenen Haus.',
  en: 'Mail from within the organisation.',
}
const UNVERIFIED = {
  de: 'Für diese E-Mail liegt kein Prüfergebnis Ihres Gateways vor.',
  en: 'There is no finding of your gateway on this mail.',
}

/** `POST /api/v1/verdicts`: whether a verdict is ours and about this mail, and what it says, for the badge of the client. */
export const verdictRoute: Routes = (instance, services) => {
  typed(instance).post(
    '/api/v1/verdicts',
    {
      bodyLimit: 65_536,
      config: { access: ['evaluate'] },
      schema: {
        summary: 'What the gateway found in a received mail',
        operationId: 'readVerdict',
        tags: ['mail'],
        body: VerdictQuestion,
        response: { 200: VerdictAnswer },
      },
    },
    async (request) => {
      const { tenant } = caller(request)
      const { verdict, from, messageId } = request.body
      const language = languageOf(request)
      const mail = { from, messageId: messageId ?? null }
      const read = await verifyVerdict(verdictKey(services.secrets, tenant), verdict, mail)
      return 'refused' in read ? unverified(read.refused, language) : answerOf(read, language)
    },
  )
}

function unverified(refused: VerdictAnswer['refused'] & string, language: Language): VerdictAnswer {
  const nothing = { signer: null, damage: null, layers: [], classification: null, time: null }
  return { state: 'unverified', refused, text: UNVERIFIED[language], ...nothing }
}

function answerOf(read: ReadVerdict, language: Language): VerdictAnswer {
  const { state, damage, signer, layers, classification, time } = read
  const words = state === 'internal' ? INTERNAL : wordsOf(state, damage)
  return {
    state,
    text: words[language],
    signer,
    damage,
    layers: layers.map((layer) => ({ ...layer, text: wordsOf(layer.state)[language] })),
    classification,
    time: new Date(time).toISOString(),
  }
}
