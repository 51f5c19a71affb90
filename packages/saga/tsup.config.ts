import { definePackage } from '../../tsup.config.base.ts';

export default definePackage({
  index: 'src/index.ts',
  'stores/memory': 'src/stores/memory.ts',
  'stores/log': 'src/stores/log.ts',
  'picture/index': 'src/picture/index.ts',
  'testing/index': 'src/testing/index.ts',
});
