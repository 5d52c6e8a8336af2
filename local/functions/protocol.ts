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

/** An AWS call of the function. Text and bytes travel as they are. */
export interface ServiceCall {
  readonly method: string;
  /** Path and query. */
  readonly url: string;
  /** Names in lower case. */
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export interface ServiceAnswer {
  readonly status: number;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | Uint8Array;
}

export type ToWorker =
  | { readonly kind: 'invoke'; readonly id: number; readonly event: string; readonly context: InvocationContext }
  | { readonly kind: 'answer'; readonly id: number; readonly answer: ServiceAnswer }
  | { readonly kind: 'ping' };

export type FromWorker =
  | { readonly kind: 'returned'; readonly id: number; readonly payload: string }
  | { readonly kind: 'failed'; readonly id: number; readonly error: FunctionError }
  | { readonly kind: 'call'; readonly id: number; readonly call: ServiceCall }
  | { readonly kind: 'unusable'; readonly error: FunctionError }
  | { readonly kind: 'loaded' }
  | { readonly kind: 'pong' };

export interface WorkerData {
  /** Folder of the unpacked asset. */
  readonly codeDirectory: string;
  /** `file.export`, as in the function's Handler property. */
  readonly handler: string;
  /** Base URL of the services whose calls come over the message port; undefined: they come over sockets. */
  readonly carriedUrl: string | undefined;
}
