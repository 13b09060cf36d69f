declare module 'dynalite' {
  import type { Server } from 'node:http';

  /** In memory unless a path is given. */
  function dynalite(options?: {
    createTableMs?: number;
    deleteTableMs?: number;
    updateTableMs?: number;
  }): Server;
  export = dynalite;
}
