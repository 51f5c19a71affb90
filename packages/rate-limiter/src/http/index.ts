/** Rate limits in the words of HTTP, without a framework: whose request it is, and what to answer. */
export { clientAddress, ipKey } from './address.ts';
export type { ClientAddressOptions, RequestInfo } from './address.ts';
export { createGuard } from './guard.ts';
export type { Guard, GuardOptions } from './guard.ts';
export { digestKey } from './sha256.ts';
export { createVerdict } from './verdict.ts';
export type { Verdict, VerdictOptions, Wording } from './verdict.ts';
export type { Field } from './fields.ts';
