/** What keeps the ring lab from starting or going on, as one line that says what to do. Pure. */
export function advice(error: unknown, port: number): string {
  const { code, message, syscall } = error as { code?: string; message?: string; syscall?: string };
  if (code === 'EADDRINUSE') {
    return `Port ${port} is in use. Stop what listens there, or choose another: npm start -- --port ${other(port)}`;
  }
  if (code === 'EACCES' && syscall === 'listen') {
    return `Port ${port} needs rights that you do not have. Choose another: npm start -- --port 8080`;
  }
  // Behind REDIS_URL: node reports both addresses of a name in an AggregateError without a message.
  if (code === 'ECONNREFUSED' || code === 'ENOTFOUND' || code === 'ETIMEDOUT') {
    return `Redis does not answer (${message === undefined || message === '' ? code : message}). Start it, or unset REDIS_URL and REDIS_URLS.`;
  }
  return (message ?? String(error)).replaceAll(/\s*\n\s*/g, ' ');
}

const other = (port: number): number => (port < 65_535 ? port + 1 : port - 1);
