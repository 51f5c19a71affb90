/** An in-process cache with strict LRU, ttl and size bounds, and loads that never betray the caller */
export {};
