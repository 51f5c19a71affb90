import { definePackage } from '../../tsup.config.base.ts';

export default definePackage({ index: 'src/index.ts' });
