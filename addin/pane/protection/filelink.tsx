import { Checkbox, Field, Select } from '@fluentui/react-components'
import type { Choice, FileLinkChoice } from '../compose/choice.ts'
import type { Option } from '../compose/options.ts'
import type { Words } from '../words/words.ts'

const DAY = 86_400
const DAYS = [1, 3, 7, 14, 30, 90]

interface Part {
  readonly link: FileLinkChoice
  readonly receipt: Option | null
  readonly words: Words
  readonly choose: (change: Partial<Choice>) => void
}

/** How long the links live, who may open them, and whether the sender hears of it. */
export default function FileLink({ link, receipt, words: { link: words }, choose }: Part) {
  const change = (more: Partial<FileLinkChoice>) => choose({ filelink: { ...link, ...more } })
  return (
    <div className="inset">
      <Field label={words.expires}>
        <Select
          value={link.expires === null ? '' : String(link.expires)}
          onChange={(_event, { value }) => change({ expires: value === '' ? null : Number(value) })}
        >
          <option value="">{words.byPolicy}</option>
          {DAYS.map((days) => (
            <option key={days} value={days * DAY}>
              {words.days(days)}
            </option>
          ))}
        </Select>
      </Field>
      <Checkbox
        checked={link.secondFactor}
        label={
          <>
            {words.secondFactor}
            <br />
            <span className="soft small">{words.secondFactorHint}</span>
          </>
        }
        onChange={(_event, { checked }) => change({ secondFactor: checked === true })}
      />
      {receipt && (
        <Checkbox
          checked={receipt.on}
          disabled={receipt.lock !== null}
          label={
            <>
              {words.receipt}
              <br />
              <span className="soft small">{words.receiptHint}</span>
            </>
          }
          onChange={(_event, { checked }) => choose({ receipt: checked === true })}
        />
      )}
    </div>
  )
}
