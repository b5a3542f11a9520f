"""Verifies DKIM and ARC with dkimpy: the mail on standard input, TXT records by name as JSON in the first argument."""
import json
import sys

import dkim

records = {name.rstrip('.').lower(): text for name, text in json.loads(sys.argv[1]).items()}


def txt(name, timeout=5):
    name = name.decode() if isinstance(name, bytes) else name
    text = records.get(name.rstrip('.').lower())
    return text.encode() if text is not None else None


mail = sys.stdin.buffer.read()
signatures = sum(1 for name, _ in dkim.rfc822_parse(mail)[0] if name.lower() == b'dkim-signature')
good = []
for index in range(signatures):
    try:
        good.append(bool(dkim.DKIM(mail).verify(idx=index, dnsfunc=txt)))
    except dkim.DKIMException:
        good.append(False)
try:
    arc = dkim.ARC(mail).verify(dnsfunc=txt)[0]
except dkim.DKIMException as error:
    arc = str(error).encode()
print(json.dumps({'dkim': good, 'arc': arc.decode() if isinstance(arc, bytes) else arc}))
