import { definePackage } from '../../tsup.config.base.ts';

export default definePackage({
  index: 'src/index.ts',
  node: 'src/node/index.ts',
  'record-batch': 'src/record-batch-entry.ts',
});
