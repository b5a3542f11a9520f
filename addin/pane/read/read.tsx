import { Tab, TabList } from '@fluentui/react-components'
import { useEffect, useState } from 'react'
import type { Service } from '../api/service.ts'
import type { Ask } from '../host/ask.ts'
import { type ReadMail, readMessage } from '../host/message.ts'
import type { OfficeItem } from '../host/office.ts'
import { Spinner } from '../parts/spinner.tsx'
import type { Words } from '../words/words.ts'
import { Badge } from './badge.tsx'
import { Receipts } from './receipts.tsx'

interface Around {
  readonly item: OfficeItem
  readonly ask: Ask
  readonly service: Service
  readonly words: Words
}

type Side = 'message' | 'receipts'

/** The pane while a mail is read: how it came, and what became of own mails. */
export default function Read({ item, ask, service, words }: Around) {
  const [side, setSide] = useState<Side>('message')
  const [mail, setMail] = useState<ReadMail | null>(null)
  useEffect(() => {
    let gone = false
    void readMessage(item, ask).then((read) => !gone && setMail(read))
    return () => {
      gone = true
    }
  }, [item, ask])
  return (
    <main>
      <h1 className="hidden">{words.read.title}</h1>
      <TabList selectedValue={side} onTabSelect={(_event, { value }) => setSide(value as Side)} size="small">
        {(['message', 'receipts'] as const).map((one) => (
          <Tab key={one} value={one}>
            {words.read.tabs[one]}
          </Tab>
        ))}
      </TabList>
      {side === 'receipts' ? (
        <Receipts service={service} words={words} />
      ) : mail ? (
        <Badge mail={mail} service={service} words={words} />
      ) : (
        <Spinner label={words.read.checking} />
      )}
    </main>
  )
}
