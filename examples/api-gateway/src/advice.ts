/** What keeps the example from starting or going on, as one line that says what to do. Pure. */
import { portAdvice } from '@loadbearing-examples/page-kit/advice.ts';
import { command, portDefault } from './arguments.ts';

export function advice(error: unknown, port: number): string {
  const aboutPort = portAdvice(error, port, command, portDefault);
  if (aboutPort !== undefined) return aboutPort;
  const { code, message } = error as { code?: string; message?: string };
  const line = (message ?? String(error)).replaceAll(/\s*\n\s*/g, ' ');
  if (code === 'REDIS_SILENT') {
    return `The Redis of REDIS_URL does not answer (${line}). Start it, or unset REDIS_URL to do without.`;
  }
  return line;
}
