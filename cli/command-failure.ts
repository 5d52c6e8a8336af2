/** A command did its work, and its answer is a refusal. */
export class CommandFailure extends Error {
  readonly code: string;
  /** The answer in JSON has told it already. */
  readonly isTold: boolean;

  constructor(code: string, message: string, isTold = false) {
    super(message);
    this.name = 'CommandFailure';
    this.code = code;
    this.isTold = isTold;
  }
}
