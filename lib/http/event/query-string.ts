import { type Mistake, repeatedMember, unknownMember } from '../../config/validation.ts';
import { parametersIn } from './percent-encoded.ts';

/** Far more than any route has; what is beyond is not looked at one by one. */
const MAX_PARAMETERS = 50;

type ReadQuery = { value: Record<string, string>; mistakes: Mistake[] };

/**
 * Reads a query string. Refuses a repeated parameter, because it is unclear which value was meant. Keeps a
 * plus as a plus: addresses and time zones contain one, and no parameter contains a space. `ignored` names a
 * parameter that is not for the route. Throws 400 for text that is not UTF-8.
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
