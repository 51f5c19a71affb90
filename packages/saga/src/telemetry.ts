/**
 * Telemetry: what the engine tells while it works.
 *
 * Observing changes nothing: what an observer throws is ignored, and no decision waits for one.
 */
export interface EngineEvent {
  readonly type:
    | 'started'
    | 'claimed'
    | 'attempt'
    | 'settled'
    | 'undoing'
    | 'stuck'
    | 'ended'
    | 'fenced'
    | 'lease-lost'
    | 'mail-ignored';
  readonly runId?: string;
  readonly [detail: string]: unknown;
}

export interface Telemetry {
  observe(event: EngineEvent): void;
}

export interface Observer {
  tell(event: EngineEvent): void;
}

export function observer(telemetry: Telemetry | undefined): Observer {
  return {
    tell: (event) => {
      if (telemetry === undefined) return;
      try {
        telemetry.observe(event);
      } catch {
        // An observer must not be able to stop a run.
      }
    },
  };
}
