/** An append-only, crash-safe log in your process: Kafka's batch format on disk, group commit, recovery that never guesses */
export {};
