/** A child process and the line to it, which finds it again when it has come back at another port. */
import { Supervised } from '../supervised.ts';
import { LineClient } from '../wire/json-lines.ts';
import type { FromChild } from './child.ts';

export interface Place {
  readonly child: Supervised<never, FromChild>;
  /** What it says it runs on; rejects when it cannot start. */
  readonly engine: Promise<string>;
  readonly ready: Promise<void>;
  readonly httpPort: number;
  controlPort(): number;
  call<T>(op: string, ...args: readonly unknown[]): Promise<T>;
  /** Waits for one that is on its way back; gives up when no restart takes that long. */
  callWhenUp<T>(op: string, ...args: readonly unknown[]): Promise<T>;
  stop(): Promise<void>;
}

const restartMs = 15_000;

/** `setup` is asked anew for each start. `onPort` hears where it listens, each time. */
export function place(
  name: string,
  file: URL,
  setup: object | (() => object),
  onFatal: (error: Error) => void,
  onPort: (port: number) => void = () => undefined,
): Place {
  let line: LineClient | undefined;
  let ports = { controlPort: 0, httpPort: 0 };
  let opened: (engine: string) => void = () => undefined;
  let failed: (error: Error) => void = () => undefined;
  const engine = new Promise<string>((resolve, reject) => ([opened, failed] = [resolve, reject]));
  engine.catch(() => undefined);
  const child = new Supervised<never, FromChild>({
    name,
    file,
    loader: import.meta.resolve('tsx'),
    setup: () => JSON.stringify(typeof setup === 'function' ? setup() : setup),
    onMessage: (message) => {
      if (message.type === 'gave-up') {
        const error = Object.assign(new Error(message.message), { code: message.code });
        failed(error);
        onFatal(error);
        return;
      }
      ports = message;
      onPort(message.controlPort);
      if (line !== undefined) {
        line.moveTo(message.controlPort);
        return;
      }
      line = new LineClient(message.controlPort, undefined, (up) => {
        if (up) opened(message.engine);
      });
    },
    onFatal: (error) => {
      failed(error);
      onFatal(error);
    },
  });
  const call = <T>(op: string, ...args: readonly unknown[]): Promise<T> =>
    line === undefined ? Promise.reject(new Error(`${name} is not up`)) : line.call<T>(op, ...args);
  return {
    child,
    engine,
    ready: engine.then(() => undefined),
    controlPort: () => ports.controlPort,
    get httpPort() {
      return ports.httpPort;
    },
    call,
    callWhenUp: async <T>(op: string, ...args: readonly unknown[]) => {
      const giveUpAtMs = performance.now() + restartMs;
      while (line?.isUp !== true && performance.now() < giveUpAtMs) {
        await new Promise((resolve) => setTimeout(resolve, 20));
      }
      return call<T>(op, ...args);
    },
    stop: async () => {
      line?.close();
      await child.stop();
    },
  };
}
