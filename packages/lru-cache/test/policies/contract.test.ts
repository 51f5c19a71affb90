import { describe } from 'vitest';
import { arc, clock, lru, s3Fifo, sieve } from '../../src/policies/index.ts';
import { policyContract } from './contract.ts';

describe('lru', () => {
  policyContract(lru);
});
describe('clock', () => {
  policyContract(clock);
});
describe('sieve', () => {
  policyContract(sieve);
});
describe('s3Fifo', () => {
  policyContract(s3Fifo);
});
describe('s3Fifo with half for newcomers, promoted at the first hit', () => {
  policyContract(() => s3Fifo({ smallRatio: 0.5, promoteAt: 1 }));
});
describe('arc', () => {
  policyContract(arc);
});
