import { Checkbox, Radio, RadioGroup } from '@fluentui/react-components'
import { useId } from 'react'
import type { Choice, Method } from '../compose/choice.ts'
import type { Lock, MethodOption, Option } from '../compose/options.ts'
import { Icon } from '../parts/icon.tsx'
import { late } from '../parts/late.tsx'
import type { Words } from '../words/words.ts'

const FileLink = late(() => import('./filelink.tsx'))

interface Part {
  readonly switches: readonly Option[]
  readonly methods: readonly MethodOption[]
  readonly choice: Choice
  readonly words: Words
  readonly choose: (change: Partial<Choice>) => void
}

/** What the sender may ask for beyond the class; what the policy does anyway is on, locked, and says why. */
export function Protection({ switches, methods, choice, words, choose }: Part) {
  const title = useId()
  const inLink = choice.filelink !== null
  return (
    <section className="part" aria-labelledby={title}>
      <h2 id={title}>{words.options.title}</h2>
      <div className="choices">
        {switches
          // With links on, the receipt stands among their options.
          .filter(({ token }) => token !== 'receipt' || !inLink)
          .map((option) => (
            <Switch key={option.token} option={option} words={words} choose={choose}>
              {option.token === 'filelink' && choice.filelink && option.lock === null && (
                <FileLink
                  link={choice.filelink}
                  receipt={switches.find(({ token }) => token === 'receipt') ?? null}
                  words={words}
                  choose={choose}
                />
              )}
            </Switch>
          ))}
      </div>
      {methods.length > 0 && (
        <details open={choice.method !== null || undefined}>
          <summary>{words.options.method}</summary>
          <RadioGroup
            className="choices"
            aria-label={words.options.method}
            value={choice.method ?? ''}
            onChange={(_event, { value }) => choose({ method: value === '' ? null : (value as Method), plain: false })}
          >
            <Radio value="" label={words.options.byPolicy} />
            {methods.map(({ method, name, description, denied }) => (
              <Radio
                key={method}
                value={method}
                label={
                  <span className="stackless">
                    {name}
                    <br />
                    <span className="soft small">{description}</span>
                    {denied !== null && (
                      <span className="facts small">
                        <span className="lacking">{denied}</span>
                      </span>
                    )}
                  </span>
                }
              />
            ))}
          </RadioGroup>
        </details>
      )}
    </section>
  )
}

interface SwitchOf {
  readonly option: Option
  readonly words: Words
  readonly choose: (change: Partial<Choice>) => void
  readonly children: React.ReactNode
}

function Switch({ option: { token, name, description, on, lock, denied }, words, choose, children }: SwitchOf) {
  const why = useId()
  return (
    <div className={`option${lock !== null && on ? ' held' : ''}`}>
      <Checkbox
        checked={on}
        disabled={lock !== null}
        aria-describedby={lock || denied ? why : undefined}
        label={
          <>
            {name}
            <br />
            <span className="soft small">{description}</span>
          </>
        }
        onChange={(_event, { checked }) => choose(changeOf(token, checked === true))}
      />
      {lock && (
        <span className="locked" id={why}>
          <Icon name="lock" className="small" />
          {lockText(lock, words)}
        </span>
      )}
      {denied !== null && (
        <span className="denied" id={why}>
          <Icon name="warning" className="small" />
          {denied}
        </span>
      )}
      {children}
    </div>
  )
}

function lockText(lock: Lock, { options }: Words): string {
  if (lock.why !== 'policy') return options.locks[lock.why]
  return lock.text === '' ? options.policy : options.policySays(lock.text)
}

function changeOf(token: Option['token'], on: boolean): Partial<Choice> {
  if (token === 'filelink') return { filelink: on ? { expires: null, secondFactor: false } : null }
  if (token === 'plain') return { plain: on }
  return { [token]: on, ...(token === 'encrypt' && on ? { plain: false } : {}) }
}
