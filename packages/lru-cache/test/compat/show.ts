/** Fields that are undefined count as absent, and the order of fields does not matter. */
export function show(value: unknown): string {
  if (value instanceof TypeError) return 'TypeError';
  if (value instanceof Error) return `${value.name}: ${value.message}`;
  if (Array.isArray(value)) return `[${value.map(show).join()}]`;
  if (typeof value === 'object' && value !== null) {
    const fields = Object.entries(value).filter(([, field]) => field !== undefined);
    return `{${fields
      .map(([name, field]) => `${name}:${show(field)}`)
      .sort()
      .join()}}`;
  }
  return String(value);
}
