import { expect, test } from 'vitest';
import { contactMayBe } from '../../../lib/trigger/search.ts';
import { createWorld } from '../../support/trigger/world.ts';

function mayBe(theirs: string | null, to: string): boolean {
  const run = createWorld().studio.start('+15550001111');
  return contactMayBe({ ...run, contactChannelAddress: theirs }, to);
}

test.each([
  ['+15550001111', '+15550001111'],
  ['+1 (555) 000-1111', '+15550001111'],
  ['15550001111', '+15550001111'],
  ['+15550001111', '5550001111'],
  ['+441632960001', '01632960001'],
  ['+441632960001', '00441632960001'],
  ['whatsapp:+15550001111', '+15550001111'],
  ['+15550001111', 'whatsapp:+15550001111'],
  ['whatsapp:+5215512345678', 'whatsapp:+525512345678'],
  ['+525512345678', '+5215512345678'],
  ['whatsapp:+5511912345678', 'whatsapp:+551112345678'],
  ['+55 (11) 1234-5678', 'whatsapp:+55 11 9 1234-5678'],
  ['+5491123456789', '+541123456789'],
  ['WHATSAPP:+541123456789', 'whatsapp:+5491123456789'],
  ['044 55 1234 5678', '+525512345678'],
  ['0001111', '+15550001111'],
  ['12345', '12345'],
  ['     ', '+15550001111'],
  [null, '+15550001111'],
  ['client:ada', 'client:Ada'],
  ['sip:ada@example.com', '+15550001111'],
  ['XE0123456789', 'messenger:0123456789'],
])('%s may be %s, as Studio may write it differently', (theirs, to) => {
  expect(mayBe(theirs, to)).toBe(true);
});

test.each([
  ['+15550002222', '+15550001111'],
  ['whatsapp:+15550002222', 'whatsapp:+15550001111'],
  ['+15550002222', 'whatsapp:+15550001111'],
  ['+5215512345679', '+525512345678'],
  ['12345', '12346'],
  ['12345', '+15550001111'],
])('%s is surely not %s', (theirs, to) => {
  expect(mayBe(theirs, to)).toBe(false);
});
