import { type SimulatedStudioOptions, startSimulatedStudio } from '../../../infra/simulator/server.ts';

/** The simulated Studio as a process of its own: tells its address to whoever forked it. */
const options: SimulatedStudioOptions = JSON.parse(process.argv[2] ?? '{}');
const studio = await startSimulatedStudio(options);
process.send?.(studio.url);
// Whoever forked it is gone: then nobody stops it.
process.once('disconnect', () => process.exit());
