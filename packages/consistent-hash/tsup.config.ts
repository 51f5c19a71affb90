import { definePackage } from '../../tsup.config.base.ts';

export default definePackage({
  index: 'src/index.ts',
  ring: 'src/ring.ts',
  rendezvous: 'src/rendezvous.ts',
  memento: 'src/memento.ts',
  maglev: 'src/maglev.ts',
  slots: 'src/slots.ts',
  diff: 'src/diff.ts',
  bounded: 'src/bounded.ts',
  'hot-keys': 'src/hot-keys.ts',
  hashes: 'src/hashes/index.ts',
  migrate: 'src/migrate/index.ts',
  redis: 'src/adapters/redis.ts',
  'compat/nginx': 'src/compat/nginx.ts',
  'compat/ketama': 'src/compat/ketama.ts',
  'compat/redis-slot': 'src/compat/redis-slot.ts',
  'compat/kafka': 'src/compat/kafka.ts',
  'compat/envoy': 'src/compat/envoy.ts',
});
