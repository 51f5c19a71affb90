/*
 * Whom libmemcached would ask for each key.
 *
 *   generate-hash MODE HOST:PORT:WEIGHT... < keys, one a line > indices of servers, one a line
 *
 * MODE: ketama, weighted, spy (unweighted, the hash of keys and points is MD5). A host that begins with a slash is a
 * unix socket; its port is not looked at. No server is contacted.
 */
#include <libmemcached/memcached.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static int failed(const char *what) {
  fprintf(stderr, "generate-hash: %s\n", what);
  return 1;
}

int main(int argc, char **argv) {
  if (argc < 3) return failed("MODE HOST:PORT:WEIGHT...");
  memcached_st *memc = memcached_create(NULL);
  const char *mode = argv[1];
  if (strcmp(mode, "ketama") == 0) {
    memcached_behavior_set(memc, MEMCACHED_BEHAVIOR_KETAMA, 1);
  } else if (strcmp(mode, "weighted") == 0) {
    memcached_behavior_set(memc, MEMCACHED_BEHAVIOR_KETAMA_WEIGHTED, 1);
  } else if (strcmp(mode, "spy") == 0) {
    memcached_behavior_set(memc, MEMCACHED_BEHAVIOR_HASH, MEMCACHED_HASH_MD5);
    memcached_behavior_set(memc, MEMCACHED_BEHAVIOR_DISTRIBUTION, MEMCACHED_DISTRIBUTION_CONSISTENT_KETAMA_SPY);
  } else {
    return failed("unknown MODE");
  }
  memcached_server_list_st servers = NULL;
  for (int i = 2; i < argc; i++) {
    char *host = argv[i];
    char *weight = strrchr(host, ':');
    if (weight == NULL) return failed(host);
    *weight++ = '\0';
    char *port = strrchr(host, ':');
    if (port == NULL) return failed(host);
    *port++ = '\0';
    memcached_return_t added;
    servers = memcached_server_list_append_with_weight(servers, host, (in_port_t) atoi(port), (uint32_t) atol(weight),
                                                       &added);
    if (added != MEMCACHED_SUCCESS) return failed(memcached_strerror(memc, added));
  }
  /* All at once: the ring is made anew at each call. */
  if (memcached_server_push(memc, servers) != MEMCACHED_SUCCESS) return failed("memcached_server_push");
  char *line = NULL;
  size_t capacity = 0;
  ssize_t length;
  while ((length = getline(&line, &capacity, stdin)) > 0) {
    if (line[length - 1] == '\n') length--;
    printf("%u\n", memcached_generate_hash(memc, line, (size_t) length));
  }
  free(line);
  memcached_server_list_free(servers);
  memcached_free(memc);
  return 0;
}
