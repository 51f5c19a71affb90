/** Thrown by a route or by what stands behind it: the answer is this refusal, with a message for a person. */
export class Refusal extends Error {
  readonly status: number;

  constructor(status: number, message: string) {
    super(message);
    this.status = status;
  }
}
