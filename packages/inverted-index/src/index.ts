/** Full-text search in your process: BM25, phrases and Elasticsearch's query JSON */
export {};
