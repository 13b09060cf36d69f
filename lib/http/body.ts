import { oddityIn } from '../json-text.ts';
import { parseJson } from '../studio/json.ts';
import { fieldsOf } from '../studio/parse.ts';
import { escapeSegment, type Mistake } from '../validation.ts';
import { hasOtherCharset, isForm, isJson } from './media-type.ts';
import { Problem } from './problems.ts';

export const MAX_BODY_BYTES = 256 * 1_024;
/** Deeper than any flow's parameters, and far from what recursive code further on could not take. */
const MAX_DEPTH = 32;
/** More are not told anyway. */
const MAX_MISTAKES = 100;
/** Names may be as long as the body: what lies deeper is told by its nearest holder that has a shorter pointer. */
const MAX_POINTER_CHARACTERS = 1_000;

/** The members of a form, as Twilio writes them, and ours. */
const FORM_MEMBERS: Readonly<Record<string, string>> = {
  To: 'to',
  From: 'from',
  Parameters: 'parameters',
  OnConflict: 'onConflict',
};

type ReadBody = { value: unknown; mistakes: Mistake[] };

/** Throws 413 for a body above the bound. */
export function requireBounded(body: Buffer): void {
  if (body.length > MAX_BODY_BYTES)
    throw new Problem('payload-too-large', `A body has at most ${MAX_BODY_BYTES} bytes.`);
}

/** Reads JSON, or a form where the route takes one. Throws a Problem for what cannot be read at all. */
export function readBody(body: Buffer, contentType: string | undefined, formAllowed: boolean): ReadBody {
  const form = formAllowed && isForm(contentType);
  if (!form && !isJson(contentType)) throw unsupported(formAllowed);
  if (hasOtherCharset(contentType)) throw new Problem('unsupported-media-type', 'Text is UTF-8 here.');
  const text = decode(body);
  return form ? readForm(text) : readJson(text);
}

function unsupported(formAllowed: boolean): Problem {
  const taken = formAllowed ? 'application/json or application/x-www-form-urlencoded' : 'application/json';
  return new Problem('unsupported-media-type', `The body must be ${taken}.`, { headers: { accept: taken } });
}

function decode(body: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(body);
  } catch (cause) {
    throw new Problem('malformed-request', 'The body is not UTF-8.', { cause });
  }
}

function readJson(text: string): ReadBody {
  if (text.trim() === '') throw new Problem('malformed-request', 'The body is empty; it must be JSON.');
  const value = parsed(text);
  if (value === undefined) throw new Problem('malformed-request', 'The body is not JSON.');
  const mistakes = mistakesIn(text, value, '#');
  const fields = fieldsOf(value);
  // Only the parameters are passed on. `parseJson` is recursive: not for what may be deep.
  if (mistakes.length === 0 && fields && Object.hasOwn(fields, 'parameters'))
    fields['parameters'] = fieldsOf(parseJson(text))?.['parameters'];
  return { value, mistakes };
}

function readForm(text: string): ReadBody {
  const value: Record<string, unknown> = {};
  const mistakes: Mistake[] = [];
  for (const [name, entry] of new URLSearchParams(text)) {
    const member = Object.hasOwn(FORM_MEMBERS, name) ? (FORM_MEMBERS[name] ?? name) : name;
    if (Object.hasOwn(value, member)) mistakes.push({ detail: 'is given twice', pointer: `#/${member}` });
    else if (member === '__proto__')
      mistakes.push({ detail: 'is not a known member', pointer: `#/${member}` });
    else value[member] = entry;
  }
  if (typeof value['parameters'] === 'string') {
    const json = value['parameters'];
    const pointer = '#/parameters';
    const parameters = parsed(json);
    const inside =
      parameters === undefined ? [{ detail: 'is not JSON', pointer }] : mistakesIn(json, parameters, pointer);
    mistakes.push(...inside);
    value['parameters'] = inside.length === 0 ? parseJson(json) : parameters;
  }
  return { value, mistakes };
}

function parsed(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    return undefined;
  }
}

/** Finds what no schema looks at in `value`, which is what `json` says. Throws 400 for a name twice. */
function mistakesIn(json: string, value: unknown, pointer: string): Mistake[] {
  const oddity = oddityIn(json, MAX_DEPTH);
  if (oddity === 'repeated-name')
    throw new Problem('malformed-request', 'An object in the body has the same name twice; give it once.');
  if (oddity) return [{ detail: `is nested deeper than ${MAX_DEPTH} levels`, pointer }];
  return mistakesInside(value, pointer);
}

/** `__proto__` as a name, and text that is not well-formed and would break when it is encoded for Studio. */
function mistakesInside(value: unknown, pointer: string): Mistake[] {
  const open = [{ value, pointer, named: true }];
  const mistakes: Mistake[] = [];
  for (let one = open.pop(); one !== undefined && mistakes.length < MAX_MISTAKES; one = open.pop()) {
    if (typeof one.value === 'string' && !one.value.isWellFormed())
      mistakes.push({ detail: 'has half a surrogate pair', pointer: one.pointer });
    if (typeof one.value !== 'object' || one.value === null || JSON.isRawJSON(one.value)) continue;
    for (const [name, member] of Object.entries(one.value)) {
      if (name === '__proto__' || !name.isWellFormed())
        mistakes.push({ detail: 'has a member whose name is not taken', pointer: one.pointer });
      else {
        const longer = `${one.pointer}/${escapeSegment(name)}`;
        const named = one.named && longer.length <= MAX_POINTER_CHARACTERS;
        open.push({ value: member, pointer: named ? longer : one.pointer, named });
      }
    }
  }
  return mistakes;
}
