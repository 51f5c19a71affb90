/**
 * IP addresses: one parser, one spelling.
 *
 * An address is eight 16-bit groups; IPv4 is held as its IPv4-mapped IPv6 form (`::ffff:a.b.c.d`), so that one mask
 * and one comparison serve both families, and a mapped address and its plain form are the same client. Output follows
 * RFC 5952. What does not parse is `undefined`, never a guess: a guess is a key that an attacker can vary.
 */
export type Ip = readonly number[];

const isMappedIpv4 = ([a, b, c, d, e, f]: Ip): boolean =>
  f === 0xffff && a === 0 && b === 0 && c === 0 && d === 0 && e === 0;

/** Four numbers of at most 255 without leading zeros. By character, since every request of an IPv4 client is here. */
function parseIpv4(text: string): [number, number] | undefined {
  let address = 0;
  let part = -1; // -1: no digit yet.
  let parts = 0;
  for (let i = 0; i <= text.length; i++) {
    const digit = text.charCodeAt(i) - 48;
    if (digit >= 0 && digit <= 9) {
      if (part === 0) return undefined;
      part = Math.max(0, part) * 10 + digit;
      if (part > 255) return undefined;
    } else {
      if (part < 0 || (i < text.length && text[i] !== '.')) return undefined;
      address = address * 256 + part;
      part = -1;
      parts++;
    }
  }
  return parts === 4 ? [Math.floor(address / 65_536), address % 65_536] : undefined;
}

/** The groups of one side of "::". */
function parseGroups(text: string): number[] | undefined {
  if (text === '') return [];
  const groups: number[] = [];
  const parts = text.split(':');
  for (const [i, part] of parts.entries()) {
    if (/^[0-9a-fA-F]{1,4}$/.test(part)) {
      groups.push(Number.parseInt(part, 16));
    } else {
      const ipv4 = i === parts.length - 1 ? parseIpv4(part) : undefined;
      if (ipv4 === undefined) return undefined;
      groups.push(...ipv4);
    }
  }
  return groups;
}

/** A bare address; a zone id (`%eth0`) is ignored. O(length). */
export function parseIp(text: string): Ip | undefined {
  const ipv4 = parseIpv4(text);
  if (ipv4 !== undefined) return [0, 0, 0, 0, 0, 0xffff, ...ipv4];
  const zone = text.indexOf('%');
  const sides = (zone < 0 ? text : text.slice(0, zone)).split('::');
  if (sides.length > 2) return undefined;
  const head = parseGroups(sides[0]!);
  if (head === undefined) return undefined;
  if (sides.length === 1) return head.length === 8 ? head : undefined;
  // An IPv4 tail belongs at the very end, so not before "::".
  const tail = sides[0]!.includes('.') ? undefined : parseGroups(sides[1]!);
  if (tail === undefined || head.length + tail.length > 7) return undefined;
  return [...head, ...new Array<number>(8 - head.length - tail.length).fill(0), ...tail];
}

/** An address as proxies write it: perhaps with a port, perhaps in brackets. */
export function parseHop(text: string): Ip | undefined {
  const hop = text.trim();
  const bracketed = /^\[([^\]]*)\](?::\d{1,5})?$/.exec(hop);
  if (bracketed !== null) return parseIp(bracketed[1]!);
  const withPort = /^([\d.]+):\d{1,5}$/.exec(hop);
  return parseIp(withPort === null ? hop : withPort[1]!);
}

export function formatIp(ip: Ip): string {
  if (isMappedIpv4(ip)) return `${ip[6]! >> 8}.${ip[6]! & 255}.${ip[7]! >> 8}.${ip[7]! & 255}`;
  let from = 0;
  let longest = 1;
  for (let i = 0; i < 8; i++) {
    let end = i;
    while (end < 8 && ip[end] === 0) end++;
    if (end - i > longest) {
      from = i;
      longest = end - i;
    }
  }
  const hex = ip.map((group) => group.toString(16));
  if (longest === 1) return hex.join(':');
  return `${hex.slice(0, from).join(':')}::${hex.slice(from + longest).join(':')}`;
}

/** The first `bits` bits of the address, zeros after. */
function mask(ip: Ip, bits: number): Ip {
  return ip.map((group, i) => {
    const kept = Math.min(16, Math.max(0, bits - 16 * i));
    return group & ((0xffff << (16 - kept)) & 0xffff);
  });
}

export interface Network {
  readonly ip: Ip;
  readonly bits: number;
}

/** `10.0.0.0/8`, `fd00::/8`, or one address. */
export function parseNetwork(text: string): Network | undefined {
  const slash = text.indexOf('/');
  const ip = parseIp(slash < 0 ? text : text.slice(0, slash));
  if (ip === undefined) return undefined;
  const width = text.includes(':') ? 128 : 32;
  const length = slash < 0 ? String(width) : text.slice(slash + 1);
  if (!/^\d{1,3}$/.test(length) || Number(length) > width) return undefined;
  const bits = 128 - width + Number(length);
  return { ip: mask(ip, bits), bits };
}

export function contains({ ip, bits }: Network, other: Ip): boolean {
  return mask(other, bits).every((group, i) => group === ip[i]);
}

/** The network of `bits` bits that an IPv6 address lies in, or the IPv4 address itself. */
export function networkOf(ip: Ip, bits: number): string {
  return isMappedIpv4(ip) ? formatIp(ip) : `${formatIp(mask(ip, bits))}/${bits}`;
}
