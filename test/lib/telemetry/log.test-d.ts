import { expectTypeOf, test } from 'vitest';
import type { LogMessage } from '../../../lib/telemetry/log.ts';

test('a line says one of a closed list, not what is put together at run time', () => {
  expectTypeOf<'purge ended'>().toExtend<LogMessage>();
  expectTypeOf<string>().not.toExtend<LogMessage>();
});
