import { definePackage } from '../../tsup.config.base.ts';

export default definePackage({ index: 'src/index.ts', ring: 'src/ring.ts', diff: 'src/diff.ts' });
