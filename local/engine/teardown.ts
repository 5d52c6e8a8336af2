/** What must be undone, last first; each step gets its turn whatever becomes of the others. */
export interface Teardown {
  add(name: string, undo: () => void | Promise<void>): void;
  /** Undoes everything; a second call waits for the first. */
  run(): Promise<void>;
}

/** @param onFailure told of a step that failed. */
export function createTeardown(onFailure: (name: string, error: unknown) => void): Teardown {
  const steps: { readonly name: string; readonly undo: () => void | Promise<void> }[] = [];
  let running: Promise<void> | undefined;
  const undoAll = async (): Promise<void> => {
    for (let step = steps.pop(); step !== undefined; step = steps.pop()) {
      try {
        await step.undo();
      } catch (error) {
        onFailure(step.name, error);
      }
    }
  };
  return {
    add(name, undo) {
      steps.push({ name, undo });
    },
    run() {
      running ??= undoAll();
      return running;
    },
  };
}
