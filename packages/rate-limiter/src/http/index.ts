/** Rate limits in the words of HTTP, without a framework: whose request it is, and what to answer. */
export { clientAddress, ipKey } from './address.ts';
export type { ClientAddressOptions, RequestInfo } from './address.ts';
export { createVerdict } from './verdict.ts';
export type { Verdict, VerdictOptions } from './verdict.ts';
