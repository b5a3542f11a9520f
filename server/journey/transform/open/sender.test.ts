import { describe, expect, it } from 'vitest'
import { parseHeader } from '../../../mime/header.ts'
import { soleSender } from './sender.ts'

const sender = (header: string) => soleSender(parseHeader(Buffer.from(header)).fields)

describe('the one sender', () => {
  it.each([
    ['From: bob@peer.example'],
    ['From: Bob <bob@peer.example>'],
    ['From: "Bob, of Peer; <x>" <bob@peer.example>'],
    ['From: bob@peer.example (Bob)'],
    ['From: bob@peer.example <bob@peer.example>'],
    ['From: "bob@PEER.example" <bob@peer.example>'],
    ['From: "Bob @ Peer" <bob@peer.example>'],
    ['From: =?utf-8?Q?B=C3=B6b?=\r\n <bob@peer.example>'],
    ['Sender: eve@evil.example\r\nFrom: bob@peer.example'],
  ])('is clear in %j', (header) => expect(sender(header)).toBe('bob@peer.example'))

  it.each([
    ['there is none', 'Subject: x'],
    ['it is empty', 'From: '],
    ['there are two fields', 'From: bob@peer.example\r\nFrom: eve@evil.example'],
    ['two fields say the same', 'From: bob@peer.example\r\nfrom : bob@peer.example'],
    ['two mailboxes', 'From: bob@peer.example, eve@evil.example'],
    ['a word and a mailbox', 'From: eve, bob@peer.example'],
    ['a group', 'From: us: bob@peer.example;'],
    ['an address in a comment', 'From: Bob <bob@peer.example> (eve@evil.example)'],
    ['an address in a quoted name', 'From: "eve@evil.example" <bob@peer.example>'],
    ['more text than a sender needs', `From: ${'x'.repeat(3000)} <bob@peer.example>`],
    ['an address as a name', 'From: eve@evil.example <bob@peer.example>'],
    ['two pairs of brackets', 'From: <eve@evil.example> <bob@peer.example>'],
    ['a route', 'From: <@evil.example:bob@peer.example>'],
    ['an open quote', 'From: "eve <eve@evil.example> <bob@peer.example>'],
    ['a bare CR that begins another field', 'Subject: x\rFrom: eve@evil.example\r\nFrom: bob@peer.example'],
    ['a NUL', 'From: bob@peer.example\0eve@evil.example'],
    ['a line that is no field', 'From eve@evil.example\r\nFrom: bob@peer.example'],
  ])('is none where %s', (_, header) => expect(sender(header)).toBeNull())
})
