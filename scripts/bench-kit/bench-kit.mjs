#!/usr/bin/env node
// Teaches this process TypeScript, then hands over: the benches and the kit itself are TypeScript and never built.
import { register } from 'tsx/esm/api';

register();
await import('./src/cli.ts');
