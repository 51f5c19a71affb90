/** The proxy itself: a request goes on to the upstream, and its answer comes back, head and body. */
import http, { type Agent, type IncomingMessage, type ServerResponse } from 'node:http';

/** What belongs to one connection and not to the message (RFC 9110 7.6.1). */
const hopByHop = new Set(['connection', 'keep-alive', 'transfer-encoding', 'te', 'trailer', 'upgrade']);

/** Resolves when the answer is out, or nobody waits for it any more. A silent or broken upstream is a 502. */
export function forward(
  request: IncomingMessage,
  response: ServerResponse,
  { agent, port }: { readonly agent: Agent; readonly port: number },
): Promise<void> {
  return new Promise((resolve) => {
    const headers = Object.fromEntries(Object.entries(request.headers).filter(([name]) => !hopByHop.has(name)));
    const { method, url } = request;
    const onward = http.request({ agent, host: '127.0.0.1', port, method, path: url, headers });
    response.once('close', () => {
      onward.destroy();
      resolve();
    });
    onward.once('response', (answer) => {
      for (const [name, value] of Object.entries(answer.headers)) {
        if (value !== undefined && !hopByHop.has(name)) response.setHeader(name, value);
      }
      response.writeHead(answer.statusCode ?? 502);
      answer.pipe(response);
    });
    onward.once('error', () => {
      if (response.headersSent) response.destroy();
      else response.writeHead(502).end();
    });
    request.pipe(onward);
  });
}
