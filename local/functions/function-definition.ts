/** One Lambda function of the template, resolved. */
export interface FunctionDefinition {
  /** Also the access key id of its AWS calls, and so the principal that its role is looked up by. */
  readonly logicalId: string;
  readonly functionName: string;
  readonly arn: string;
  /** Folder of its unpacked code. */
  readonly codeDirectory: string;
  /** `file.export`. */
  readonly handler: string;
  /** All of its environment; nothing of the engine's own leaks in. */
  readonly environment: Readonly<Record<string, string>>;
  readonly timeoutSeconds: number;
  readonly memoryMb: number;
}

/** How one invocation ended. `sandbox-lost`: the worker died under it, and what it did is unknown. */
export type InvocationOutcome =
  | { readonly kind: 'returned'; readonly payload: string }
  | {
      readonly kind: 'failed' | 'timed-out' | 'sandbox-lost';
      readonly errorType: string;
      readonly errorMessage: string;
      readonly trace: readonly string[];
    };

export type InvocationFailure = Exclude<InvocationOutcome, { kind: 'returned' }>;
