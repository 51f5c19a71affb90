import { definePackage } from '../../tsup.config.base.ts';

export default definePackage({
  index: 'src/index.ts',
  http: 'src/http/index.ts',
  testing: 'src/testing/index.ts',
});
