/** The engine's folder: one engine at a time, and where each part keeps its files. */
import { mkdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { DatabaseSync } from 'node:sqlite';
import { EngineError } from './engine-error.ts';

export interface DataFolder {
  readonly path: string;
  /** Where state lives: the folder itself, or one inside it that the next start throws away. */
  readonly state: string;
  readonly engineFile: string;
  readonly functionsLog: string;
  /** Lets the next engine in; throwaway state is removed. */
  release(): void;
}

/** @throws EngineError FOLDER_IN_USE naming the pid of the engine that runs on it. */
export function openDataFolder(folder: string, isMemory: boolean): DataFolder {
  const path = resolve(folder);
  mkdirSync(join(path, 'logs'), { recursive: true });
  const unlock = lock(path);
  const throwaway = join(path, 'memory');
  rmSync(throwaway, { recursive: true, force: true });
  const state = isMemory ? throwaway : path;
  // Messages and objects hold payloads; the folder itself stays open, since PostgreSQL may have to run as another user.
  mkdirSync(join(state, 'queues'), { recursive: true, mode: 0o700 });
  return {
    path,
    state,
    engineFile: join(path, 'engine.json'),
    functionsLog: join(path, 'logs', 'functions.log'),
    release() {
      rmSync(throwaway, { recursive: true, force: true });
      unlock();
    },
  };
}

/**
 * An exclusive lock of the kernel on a SQLite file: it goes with the process, also with one that was killed. A pid file
 * alone would have to guess whether its pid is still the same program, and two starts could both guess it is not.
 */
function lock(path: string): () => void {
  const pidFile = join(path, 'engine.pid');
  const database = new DatabaseSync(join(path, 'lock.sqlite'));
  try {
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE');
  } catch (error) {
    database.close();
    const pid = readPid(pidFile);
    throw new EngineError('FOLDER_IN_USE', `an engine (pid ${pid}) is already running on ${path}`, { cause: error });
  }
  writeFileSync(pidFile, `${process.pid}\n`);
  return () => {
    rmSync(pidFile, { force: true });
    database.close();
  };
}

function readPid(pidFile: string): string {
  try {
    return readFileSync(pidFile, 'utf8').trim();
  } catch {
    return 'unknown';
  }
}
