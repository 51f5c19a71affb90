/** Watching a cache: `node:diagnostics_channel`, Prometheus' text format, OpenTelemetry. */
export { channelObserver } from './channel.ts';
export type { ChannelMessage } from './channel.ts';
export { combineObservers } from './combine.ts';
export { type Meter, meterObserver, observeCaches } from './opentelemetry.ts';
export { prometheusText } from './prometheus.ts';
export type { ObservedCache, ObservedStats } from './metrics.ts';
