/**
 * Whose request is it? The address of the client, as far as somebody we trust has seen it.
 *
 * The socket knows who connected. Everything in X-Forwarded-For was written by the other side, except what our own
 * proxies appended, on the right. So we walk from the right, one entry per proxy that is ours, and stop at the first
 * that is not ours, is missing or does not parse: the answer is then the last hop that somebody trusted has seen.
 * Nothing a client can write makes it a different client.
 */
import { requireInteger, requireName } from '../check.ts';
import { contains, formatIp, networkOf, parseHop, parseIp, parseNetwork, type Ip, type Network } from './ip.ts';

/** What we need to know of a request, whatever the framework. */
export interface RequestInfo {
  /** The address at the other end of the socket. */
  readonly remoteAddress: string | undefined;
  readonly method: string;
  readonly url: string;
  /** A header field by its lower-case name; several of the same name joined with ", ". */
  header(name: string): string | undefined;
}

export interface ClientAddressOptions {
  /**
   * How many proxies of ours stand in front (0..32), or the networks they are in, such as `['10.0.0.0/8']`.
   * Default 0: the socket's address, and headers are not read.
   */
  readonly trustProxy?: number | readonly string[];
  /** A field that a trusted proxy sets to the client's address, such as 'cf-connecting-ip'. Needs networks above. */
  readonly header?: string;
}

/** The address where there is none, as on a Unix domain socket: all such requests are one client. */
const UNKNOWN = 'unknown';

/**
 * Makes a function from a request to the client's address, in canonical spelling and without port or zone;
 * 'unknown' if the socket has no address.
 *
 * @throws {TypeError | RangeError} when an option is wrong; `trustProxy: true` is, since it would trust the client
 */
export function clientAddress(options: ClientAddressOptions = {}): (request: RequestInfo) => string {
  const find = clientFinder(options);
  return (request) => {
    const ip = find(request);
    return ip === undefined ? UNKNOWN : formatIp(ip);
  };
}

/** `ipKey` of `clientAddress`, without spelling the address in between. */
export function clientKey(options: ClientAddressOptions, ipv6Prefix: number = 64): (request: RequestInfo) => string {
  const find = clientFinder(options);
  requireInteger('ipv6Prefix', ipv6Prefix, 32, 128);
  return (request) => {
    const ip = find(request);
    return ip === undefined ? UNKNOWN : networkOf(ip, ipv6Prefix);
  };
}

function clientFinder(options: ClientAddressOptions): (request: RequestInfo) => Ip | undefined {
  const trust = trustOf(options.trustProxy ?? 0);
  const field = options.header === undefined ? undefined : requireName('header', options.header).toLowerCase();
  if (field !== undefined && !Array.isArray(options.trustProxy)) {
    throw new RangeError('header needs trustProxy to be the list of networks whose word is taken; got no list');
  }
  return (request) => {
    const socket = request.remoteAddress === undefined ? undefined : parseIp(request.remoteAddress);
    if (socket === undefined) return undefined;
    if (field === undefined) return walk(socket, request, trust);
    return (trust(socket, 0) ? parseHop(request.header(field) ?? '') : undefined) ?? socket;
  };
}

/** Whether the hop at this distance from us is ours, so that what it wrote to its left holds. */
type Trust = (hop: Ip, distance: number) => boolean;

function trustOf(trustProxy: unknown): Trust {
  if (typeof trustProxy === 'number') {
    const proxies = requireInteger('trustProxy', trustProxy, 0, 32);
    return (_hop, distance) => distance < proxies;
  }
  if (!Array.isArray(trustProxy)) {
    throw new TypeError(
      `trustProxy must be the number of proxies in front or a list of their networks; got ${String(trustProxy)}`,
    );
  }
  const networks = trustProxy.map((text: unknown): Network => {
    const network = typeof text === 'string' ? parseNetwork(text) : undefined;
    if (network === undefined) {
      throw new RangeError(`trustProxy must list networks such as "10.0.0.0/8" or "fd00::/8"; got ${String(text)}`);
    }
    return network;
  });
  return (hop) => networks.some((network) => contains(network, hop));
}

function walk(socket: Ip, request: RequestInfo, trust: Trust): Ip {
  let hop = socket;
  let rest: string | undefined;
  for (let distance = 0; trust(hop, distance); distance++) {
    rest = distance === 0 ? request.header('x-forwarded-for') : rest;
    if (rest === undefined) return hop;
    const comma = rest.lastIndexOf(',');
    const next = parseHop(rest.slice(comma + 1));
    if (next === undefined) return hop;
    hop = next;
    rest = comma < 0 ? undefined : rest.slice(0, comma);
  }
  return hop;
}

/**
 * The key for an address: IPv4 as it is, IPv6 by the network of `ipv6Prefix` bits (32..128, default 64), since a
 * client usually owns a whole /64. What is no address is 'unknown', one key for all.
 *
 * @throws {TypeError | RangeError} when `ipv6Prefix` is out of range
 */
export function ipKey(address: string, ipv6Prefix: number = 64): string {
  requireInteger('ipv6Prefix', ipv6Prefix, 32, 128);
  const ip = parseIp(address);
  return ip === undefined ? UNKNOWN : networkOf(ip, ipv6Prefix);
}
