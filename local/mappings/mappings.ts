/** All event source mappings: which ones poll, and which ones an operator has switched off. */
import { z } from 'zod';
import { readPrivateFile, writePrivateFile } from '../services/private-file.ts';
import type { MappingDefinition } from './mapping-definition.ts';
import type { Poller } from './poller.ts';

export interface MappingsProps {
  readonly definitions: readonly MappingDefinition[];
  /** Remembers what was switched, over restarts; absent: for this run alone. */
  readonly stateFile: string | undefined;
  readonly startPoller: (definition: MappingDefinition) => Poller;
}

/** As Lambda names them. `Disabling` lasts until the batches under way have ended. */
export type MappingState = 'Enabled' | 'Disabling' | 'Disabled';

export interface Mapping {
  readonly definition: MappingDefinition;
  readonly state: MappingState;
  readonly lastModified: Date;
}

export interface Mappings {
  all(): readonly Mapping[];
  find(uuid: string): Mapping | undefined;
  /** Starts the pollers of what is enabled. */
  start(): void;
  /** @throws Error when there is no such mapping. */
  setEnabled(uuid: string, isEnabled: boolean): Mapping;
  /** Stops the pollers of a function, does something while none of its batches is under way, and starts them again. */
  pauseWhile(functionId: string, work: () => Promise<void>): Promise<void>;
  /** Stops all pollers; resolves when their batches have ended. */
  stop(): Promise<void>;
}

interface Held {
  readonly definition: MappingDefinition;
  isEnabled: boolean;
  lastModified: Date;
  /** Pauses under way; more than one when a worker dies again soon. */
  pauses: number;
  poller: Poller | undefined;
  stopping: Promise<void> | undefined;
}

const stateSchema = z.record(z.string(), z.boolean());

export function createMappings(props: MappingsProps): Mappings {
  const switched = readState(props.stateFile);
  const held = new Map<string, Held>(
    props.definitions.map((definition) => [
      definition.uuid,
      {
        definition,
        isEnabled: switched[definition.uuid] ?? definition.isEnabledInTemplate,
        lastModified: new Date(),
        pauses: 0,
        poller: undefined,
        stopping: undefined,
      },
    ]),
  );
  let isRunning = false;

  const start = (mapping: Held): void => {
    // A poller that is still stopping leaves its place to the new one: what it holds, it finishes.
    if (isRunning && mapping.isEnabled && mapping.pauses === 0)
      mapping.poller ??= props.startPoller(mapping.definition);
  };
  const stop = async (mapping: Held): Promise<void> => {
    const { poller } = mapping;
    if (poller === undefined) return mapping.stopping;
    mapping.poller = undefined;
    const stopping = poller.stop().finally(() => {
      if (mapping.stopping === stopping) mapping.stopping = undefined;
    });
    mapping.stopping = stopping;
    return stopping;
  };

  return {
    all: () => [...held.values()].map(toMapping),
    find: (uuid) => {
      const mapping = held.get(uuid);
      return mapping === undefined ? undefined : toMapping(mapping);
    },
    start() {
      isRunning = true;
      for (const mapping of held.values()) start(mapping);
    },
    setEnabled(uuid, isEnabled) {
      const mapping = held.get(uuid);
      if (mapping === undefined) throw new Error(`no event source mapping ${uuid}`);
      switched[uuid] = isEnabled;
      if (props.stateFile !== undefined) writePrivateFile(props.stateFile, JSON.stringify(switched));
      Object.assign(mapping, { isEnabled, lastModified: new Date() });
      if (isEnabled) start(mapping);
      else void stop(mapping);
      return toMapping(mapping);
    },
    async pauseWhile(functionId, work) {
      const paused = [...held.values()].filter(({ definition }) => definition.functionId === functionId);
      for (const mapping of paused) mapping.pauses += 1;
      await Promise.all(paused.map(stop));
      try {
        await work();
      } finally {
        for (const mapping of paused) {
          mapping.pauses -= 1;
          start(mapping);
        }
      }
    },
    async stop() {
      isRunning = false;
      await Promise.all([...held.values()].map(stop));
    },
  };
}

function toMapping({ definition, isEnabled, lastModified, stopping }: Held): Mapping {
  const off = stopping === undefined ? 'Disabled' : 'Disabling';
  return { definition, lastModified, state: isEnabled ? 'Enabled' : off };
}

function readState(file: string | undefined): Record<string, boolean> {
  const text = file === undefined ? undefined : readPrivateFile(file);
  return text === undefined ? {} : stateSchema.parse(JSON.parse(text));
}
