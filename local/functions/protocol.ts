/** What the engine and a function's worker thread say to each other. Events and results travel as JSON text, as in Lambda. */

export interface InvocationContext {
  readonly awsRequestId: string;
  readonly functionName: string;
  readonly functionVersion: string;
  readonly invokedFunctionArn: string;
  readonly memoryLimitInMB: string;
  readonly logGroupName: string;
  readonly logStreamName: string;
  /** Unix milliseconds. */
  readonly deadlineMs: number;
}

/** A failure as Lambda reports it to whoever invoked the function. */
export interface FunctionError {
  readonly errorType: string;
  readonly errorMessage: string;
  readonly trace: readonly string[];
}

export type ToWorker =
  | { readonly kind: 'invoke'; readonly id: number; readonly event: string; readonly context: InvocationContext }
  | { readonly kind: 'ping' };

export type FromWorker =
  | { readonly kind: 'returned'; readonly id: number; readonly payload: string }
  | { readonly kind: 'failed'; readonly id: number; readonly error: FunctionError }
  | { readonly kind: 'unusable'; readonly error: FunctionError }
  | { readonly kind: 'loaded' }
  | { readonly kind: 'pong' };

export interface WorkerData {
  /** Folder of the unpacked asset. */
  readonly codeDirectory: string;
  /** `file.export`, as in the function's Handler property. */
  readonly handler: string;
}
