/**
 * Tokens: text that no other call, in no other process, is going to make.
 *
 * 2 x 52 random bits. They tell apart, they keep no secret: who may write to the tier needs no token to do harm.
 */
export function token(random: () => number): string {
  const half = (): string => Math.floor(random() * 2 ** 52).toString(36);
  return `${half()}.${half()}`;
}
