/**
 * Advice: what keeps the shop from starting or going on, as one line that says what to do. Pure.
 *
 * Codes are the operating system's and the log's. The same code can mean two things: EACCES from listening is about
 * the port, from anywhere else about the data folder.
 */

export interface Place {
  readonly port: number;
  readonly dataDir: string;
}

export const advice = (error: unknown, place: Place): string => sentence(error, place).replaceAll(/\s*\n\s*/g, ' ');

function sentence(error: unknown, { port, dataDir }: Place): string {
  const { code, message, pid, syscall } = error as { code?: string; message?: string; pid?: number; syscall?: string };
  switch (code) {
    case 'EADDRINUSE':
      return `Port ${port} is in use. Stop what listens there, or choose another: npm start -- --port ${other(port)}`;
    case 'LOG_LOCKED':
      return `Another storefront (process ${pid ?? '?'}) has ${dataDir} open. Stop it, or use another folder: npm start -- --data <folder>`;
    case 'EACCES':
    case 'EPERM':
    case 'EROFS':
    case 'ENOTDIR':
    case 'EEXIST':
      if (syscall === 'listen')
        return `Port ${port} needs rights that you do not have. Choose another: npm start -- --port 4600`;
      return `The data folder ${dataDir} cannot be written (${code}). Use another: npm start -- --data <folder>`;
    case 'STORAGE_FULL':
    case 'ENOSPC':
      return `The disk under ${dataDir} is full. Make room and run npm start again: no acknowledged order is lost.`;
    case 'WRITE_FAILED':
    case 'LOG_FAILED':
    case 'SAGA_STORE_FAILED':
      return `The disk under ${dataDir} refused a write. Look at it and run npm start again: no acknowledged order is lost.`;
    case 'LOG_CORRUPT':
      return `The data under ${dataDir} has changed on the disk and is not trusted: ${message ?? ''}. Move the folder away to begin anew.`;
    default:
      return error instanceof Error ? error.message : String(error);
  }
}

const other = (port: number): number => (port < 65_535 ? port + 1 : port - 1);
