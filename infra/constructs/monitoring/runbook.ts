import { readFileSync } from 'node:fs';

const text = readFileSync(new URL('../../RUNBOOK.md', import.meta.url), 'utf8');
/** CloudWatch's most for an alarm's description. */
const DESCRIPTION_LENGTH = 1_024;

/**
 * What an alarm tells whoever it wakes: what is wrong, what to do, and where the rest stands. The link leads
 * nowhere until somebody has put the runbook on the web, so what to do comes with it. Throws when the runbook has
 * no such paragraph.
 */
export function alarmDescription(id: string, says: string, runbookUrl: string): string {
  const link = ` ${runbookUrl}#${id}`;
  const told = `${says} What to do: ${whatToDo(id)}`;
  const room = DESCRIPTION_LENGTH - link.length;
  return `${told.length <= room ? told : `${told.slice(0, room - 1).replace(/ \S*$/, '')}…`}${link}`;
}

/** The paragraph's last part, without its markup. */
function whatToDo(id: string): string {
  const paragraph = text.split(`\n## ${id}\n`)[1]?.split('\n## ')[0];
  const found = /^\*\*Do\*\*: (.*)$/m.exec(paragraph ?? '')?.[1];
  if (found === undefined) throw new Error(`infra/RUNBOOK.md does not say what to do at ${id}`);
  return found.replaceAll(/\[([^\]]+)\]\([^)]*\)/g, '$1').replaceAll(/[`*]/g, '');
}
