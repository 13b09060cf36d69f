import { startLocal } from '../../../infra/local/local.ts';
import { type Config, checkConfig } from '../../../lib/config/configuration.ts';
import type { Asked, Told } from './messages.ts';

/** The stand-ins in a process of their own, told by messages what Studio is to be like. */
const config: Config = checkConfig(JSON.parse(process.argv[2] ?? ''));
const lambda = process.argv[3] ?? '';
const local = await startLocal({ config, endpoints: { LAMBDA: lambda } });
const { studio } = local;
if (!studio) throw new Error('There is no simulated Studio');
const { store } = studio;

function tell(told: Told) {
  process.send?.(told);
}

process.on('message', (asked: Asked) => {
  if (asked.seed) store.seed(asked.seed);
  if (asked.behave) studio.behave(asked.behave);
  if (asked.reset) studio.reset();
  tell({
    counts: store.count(),
    deletedWhileActive: store.deletedWhileActive,
    requests: studio.requests.length,
  });
});
process.on('disconnect', () => void local.close().finally(() => process.exit()));
tell({ endpoints: local.endpoints, resources: local.resources, studioUrl: studio.url });
