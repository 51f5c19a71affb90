/** Long business transactions that survive crashes: typed steps, compensation in reverse order, a fenced journal. */
export { saga } from './saga.ts';
export { createEngine } from './engine.ts';
export { Park, Rejected, SagaError } from './errors.ts';
export type { SagaErrorCode } from './errors.ts';
export type { Engine, EngineOptions, Handle, Resolution } from './engine-types.ts';
export type { Outcome } from './outcome.ts';
export type { EngineEvent, Telemetry } from './telemetry.ts';
export type { Clock } from './system.ts';
export type { Journal, JournalEntry, JournalRecord } from './records.ts';
export type {
  Append,
  Appended,
  Created,
  Mail,
  NewRun,
  RunPage,
  RunQuery,
  RunStatus,
  RunSummary,
  SagaStore,
  SendAnswer,
  StoredEntry,
  StoredMail,
  StoredRun,
} from './store.ts';
export type {
  Add,
  AfterPivot,
  BeforePivot,
  Branches,
  CompensableStep,
  Condition,
  Fresh,
  Json,
  MustBeJson,
  PivotStep,
  ReadStep,
  Reason,
  RetryPolicy,
  RunHandler,
  Saga,
  Serializable,
  StepContext,
  StepNode,
  StepOptions,
  UndoContext,
  UndoHandler,
  Wait,
} from './types.ts';
