/** The database process: the table behind its gate, for whoever asks over a socket. */
import { openTable, type ItemTable } from '../database/engine.ts';
import { Gate, type GateSettings } from '../database/gate.ts';
import { lineServer } from '@loadbearing-examples/page-kit/wire/json-lines.ts';
import { setup, tell } from '@loadbearing-examples/page-kit/processes/child.ts';

const gate = new Gate(setup() as GateSettings);

async function open(): Promise<ItemTable | undefined> {
  try {
    return await openTable();
  } catch (error) {
    const { message, code = '' } = error as { message: string; code?: string };
    tell({ type: 'gave-up', message, code });
    return undefined;
  }
}

const table = await open();
if (table !== undefined) {
  const server = await lineServer({
    get: ([id]) => gate.run(() => table.get(id!)).then((item) => item ?? null),
    bump: ([id]) => table.bump(id!).then((item) => item ?? null),
    configure: ([changes]) => gate.configure(changes!),
    counts: () => gate.counts(),
    reset: () => gate.reset(),
  });
  tell({ type: 'ready', controlPort: server.port, httpPort: 0, engine: table.engine });
}
