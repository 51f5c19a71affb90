import { definePackage } from '../../tsup.config.base.ts';

export default definePackage({
  index: 'src/index.ts',
  ring: 'src/ring.ts',
  rendezvous: 'src/rendezvous.ts',
  memento: 'src/memento.ts',
  maglev: 'src/maglev.ts',
  slots: 'src/slots.ts',
  diff: 'src/diff.ts',
});
