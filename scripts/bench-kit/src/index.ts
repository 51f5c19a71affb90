export { defineBench } from './definition.ts';
export type {
  BenchCase,
  BenchDefinition,
  CountedContender,
  TimedContender,
  TimeBench,
  ValueBench,
} from './definition.ts';
