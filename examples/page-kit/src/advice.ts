/** What keeps a server from listening, as one line that says what to do. Pure. */

/** `command` is what was typed, up to its arguments; undefined when the error is about something else than the port. */
export function portAdvice(error: unknown, port: number, command: string, portDefault: number): string | undefined {
  const { code, syscall } = error as { code?: string; syscall?: string };
  if (syscall !== 'listen') return undefined;
  if (code === 'EADDRINUSE') {
    return `Port ${port} is in use. Stop what listens there, or choose another: ${command} --port ${other(port)}`;
  }
  if (code === 'EACCES') {
    return `Port ${port} needs rights that you do not have. Choose another: ${command} --port ${portDefault}`;
  }
  return undefined;
}

const other = (port: number): number => (port < 65_535 ? port + 1 : port - 1);
