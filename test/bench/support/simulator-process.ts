import { type SimulatedStudioOptions, startSimulatedStudio } from '../../../infra/simulator/server.ts';

/** The simulated Studio as a process of its own: tells its address to its parent. */
const options: SimulatedStudioOptions = JSON.parse(process.argv[2] ?? '{}');
const studio = await startSimulatedStudio(options);
process.send?.(studio.url);
// Its parent is gone and can no longer stop it.
process.once('disconnect', () => process.exit());
