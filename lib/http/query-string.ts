import { type Mistake, repeatedMember, unknownMember } from '../validation.ts';
import { parametersIn } from './percent-encoded.ts';

/** Far more than any route has; what is beyond is not looked at one by one. */
const MAX_PARAMETERS = 50;

type ReadQuery = { value: Record<string, string>; mistakes: Mistake[] };

/**
 * A parameter that is given twice is refused: which one was meant cannot be known. A plus stays a plus, since
 * addresses and time zones have one and no parameter of ours holds a space. `ignored`: a parameter that is
 * not for the route. Throws 400 for what is not UTF-8.
 */
export function readQueryString(rawQueryString: string, ignored?: string): ReadQuery {
  const value: Record<string, string> = {};
  const mistakes: Mistake[] = [];
  const all = [...parametersIn(rawQueryString.replaceAll('+', '%2B'), 'query string')];
  const parameters = all.filter(([name]) => name !== ignored);
  if (parameters.length > MAX_PARAMETERS)
    return { value, mistakes: [{ detail: `has more than ${MAX_PARAMETERS} parameters`, pointer: '#' }] };
  for (const [name, text] of parameters) {
    if (name === '__proto__') mistakes.push(unknownMember('#', name));
    else if (Object.hasOwn(value, name)) mistakes.push(repeatedMember('#', name));
    else value[name] = text;
  }
  return { value, mistakes };
}
