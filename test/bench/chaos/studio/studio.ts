import { fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { FromStudio, Seeded, ToStudio } from '../protocol.ts';

/** The simulated Studio's process, spoken to one question at a time. */
export type StudioProcess = {
  url: string;
  ask<Kind extends FromStudio['kind']>(
    message: ToStudio,
    kind: Kind,
  ): Promise<Extract<FromStudio, { kind: Kind }>>;
  /** Called each time a worker is to be killed. */
  onKill(kill: () => void): void;
  stop(): Promise<void>;
};

export async function startStudio(seeded: Seeded): Promise<StudioProcess> {
  const script = fileURLToPath(new URL('./studio-process.ts', import.meta.url));
  const child = fork(script, [JSON.stringify(seeded)], { serialization: 'advanced' });
  const exited = once(child, 'exit');
  const answer = <Kind extends FromStudio['kind']>(kind: Kind) =>
    new Promise<Extract<FromStudio, { kind: Kind }>>((resolve, reject) => {
      const take = (message: FromStudio) => {
        if (!isOfKind(message, kind)) return;
        child.off('message', take);
        resolve(message);
      };
      child.on('message', take);
      void exited.then(() => reject(new Error('the simulated Studio has gone')));
    });
  const { url } = await answer('ready');
  return {
    url,
    ask(message, kind) {
      const answered = answer(kind);
      child.send(message);
      return answered;
    },
    onKill(kill) {
      child.on('message', (message: FromStudio) => {
        if (message.kind === 'kill') kill();
      });
    },
    async stop() {
      child.kill('SIGTERM');
      await exited;
    },
  };
}

function isOfKind<Kind extends FromStudio['kind']>(
  message: FromStudio,
  kind: Kind,
): message is Extract<FromStudio, { kind: Kind }> {
  return message.kind === kind;
}
