/** All functions of the stack, each in its own worker thread. */
import type { FunctionDefinition, InvocationOutcome } from './function-definition.ts';
import { createSandbox, type Sandbox, type SandboxProps } from './sandbox.ts';

export type FunctionHostProps = Pick<SandboxProps, 'onOutput' | 'onDeath' | 'services'>;

export interface FunctionHost {
  /** @throws Error when the logical id is taken. */
  add(definition: FunctionDefinition): void;
  /** By logical id, function name or ARN; undefined when there is no such function. */
  find(name: string): FunctionDefinition | undefined;
  /**
   * Runs the function once, with any number of other invocations at the same time. Never rejects.
   * @param logicalId of a function that was added; any other ends as failed with ResourceNotFoundException.
   */
  invoke(logicalId: string, event: unknown): Promise<InvocationOutcome>;
  /** Loads the code of these functions and keeps it; others load with their first request, and go when they are idle. */
  warmUp(logicalIds: Iterable<string>): Promise<void>;
  /** Ends a function's worker as a crash would; the next invocation starts another. */
  kill(logicalId: string): Promise<void>;
  /** Ends all workers; invocations under way end as sandbox-lost. */
  close(): Promise<void>;
}

interface Hosted {
  readonly definition: FunctionDefinition;
  readonly sandbox: Sandbox;
}

export function createFunctionHost(props: FunctionHostProps): FunctionHost {
  const hosted = new Map<string, Hosted>();
  let isClosed = false;
  return {
    add(definition) {
      if (hosted.has(definition.logicalId)) throw new Error(`function ${definition.logicalId} exists already`);
      hosted.set(definition.logicalId, { definition, sandbox: createSandbox({ ...props, definition }) });
    },
    find(name) {
      return [...hosted.values()].find(({ definition }) =>
        [definition.logicalId, definition.functionName, definition.arn].includes(name),
      )?.definition;
    },
    async invoke(logicalId, event) {
      const found = hosted.get(logicalId);
      if (found === undefined || isClosed) return notInvocable(logicalId, isClosed);
      return found.sandbox.invoke(JSON.stringify(event) ?? 'null');
    },
    async warmUp(logicalIds) {
      // One after the other: the engine itself is working while they load.
      for (const logicalId of logicalIds) {
        if (isClosed) return;
        await hosted.get(logicalId)?.sandbox.warmUp();
      }
    },
    async kill(logicalId) {
      await hosted.get(logicalId)?.sandbox.kill();
    },
    async close() {
      isClosed = true;
      await Promise.all([...hosted.values()].map(({ sandbox }) => sandbox.close()));
    },
  };
}

function notInvocable(logicalId: string, isClosed: boolean): InvocationOutcome {
  const errorMessage = isClosed ? 'the engine is stopping' : `Function not found: ${logicalId}`;
  return { kind: 'failed', errorType: 'ResourceNotFoundException', errorMessage, trace: [] };
}
