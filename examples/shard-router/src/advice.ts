/** What keeps the ring lab from starting or going on, as one line that says what to do. Pure. */
import { portAdvice } from '@loadbearing-examples/page-kit/advice.ts';
import { command, portDefault } from './arguments.ts';

export function advice(error: unknown, port: number): string {
  const aboutPort = portAdvice(error, port, command, portDefault);
  if (aboutPort !== undefined) return aboutPort;
  const { code, message } = error as { code?: string; message?: string };
  // Behind REDIS_URL: node reports both addresses of a name in an AggregateError without a message.
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'ETIMEDOUT') {
    return `Redis does not answer (${message === undefined || message === '' ? code : message}). Start it, or unset REDIS_URL and REDIS_URLS.`;
  }
  return (message ?? String(error)).replaceAll(/\s*\n\s*/g, ' ');
}
