import { expectTypeOf, test } from 'vitest';
import type { Config, ConfigInput } from '../../../lib/config/configuration.ts';

test('a user writes the flows, and what else is wanted', () => {
  expectTypeOf<{ flows: [{ alias: string; sid: string }] }>().toExtend<ConfigInput>();
  expectTypeOf<object>().not.toExtend<ConfigInput>();
  expectTypeOf<{ flows: []; policies: [{ name: string }] }>().not.toExtend<ConfigInput>();
});

test('the code reads defaults that are filled in', () => {
  expectTypeOf<Config['flows'][number]['onConflict']>().toEqualTypeOf<'fail' | 'return' | 'replace'>();
  expectTypeOf<Config['policies'][number]['flows']>().toEqualTypeOf<'all' | string[]>();
  expectTypeOf<Config['flows'][number]['from']>().toEqualTypeOf<string | undefined>();
});
