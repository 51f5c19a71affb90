/** Which policy would have served this traffic best: replays, the optimum, and traces to try them on. */
export { belady } from './belady.ts';
export { generatedTrace, generatedTraceNames } from './generated-traces.ts';
export { replay } from './replay.ts';
export type { Trace } from './replay.ts';
export { gapClosed, simulate } from './simulate.ts';
export type { Row } from './simulate.ts';
export { TraceFormatError, TraceReader } from './trace-reader.ts';
export type { TraceFormat } from './trace-reader.ts';
