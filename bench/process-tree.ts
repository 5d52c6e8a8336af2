import { readdir, readFile } from 'node:fs/promises';

/** What a process and all its descendants have used. Linux only: read from /proc. */
export interface Usage {
  /** User and system time, in seconds; that of ended children whose parent waited for them included. */
  readonly cpuSeconds: number;
  /** Proportional set size of all together, in bytes: shared pages count once. */
  readonly memoryBytes: number;
  readonly processes: number;
}

/** Ticks of a second in /proc/<pid>/stat. Source: proc_pid_stat(5); 100 on every Linux that Node runs on. */
const TICKS_PER_SECOND = 100;

interface Stat {
  readonly pid: number;
  readonly parent: number;
  readonly ticks: number;
}

export async function usageOf(rootPid: number): Promise<Usage> {
  const stats = await allStats();
  const tree = descendants(stats, rootPid);
  const memory = await Promise.all(tree.map(({ pid }) => proportionalBytes(pid)));
  return {
    cpuSeconds: tree.reduce((sum, { ticks }) => sum + ticks, 0) / TICKS_PER_SECOND,
    memoryBytes: memory.reduce((sum, bytes) => sum + bytes, 0),
    processes: tree.length,
  };
}

async function allStats(): Promise<Stat[]> {
  const pids = (await readdir('/proc')).filter((name) => /^\d+$/.test(name));
  const stats = await Promise.all(pids.map((pid) => readStat(pid).catch(() => undefined)));
  return stats.filter((stat) => stat !== undefined);
}

async function readStat(pid: string): Promise<Stat> {
  const text = await readFile(`/proc/${pid}/stat`, 'utf8');
  // The command may hold blanks and parentheses; the fields begin after the last one.
  const fields = text.slice(text.lastIndexOf(')') + 2).split(' ');
  const [utime, stime, cutime, cstime] = fields.slice(11, 15).map(Number);
  return {
    pid: Number(pid),
    parent: Number(fields[1]),
    ticks: (utime ?? 0) + (stime ?? 0) + (cutime ?? 0) + (cstime ?? 0),
  };
}

function descendants(stats: readonly Stat[], rootPid: number): Stat[] {
  const found = stats.filter(({ pid }) => pid === rootPid);
  for (const { pid } of found) found.push(...stats.filter(({ parent }) => parent === pid));
  return found;
}

async function proportionalBytes(pid: number): Promise<number> {
  const text = await readFile(`/proc/${pid}/smaps_rollup`, 'utf8').catch(() => '');
  return Number(/^Pss:\s+(\d+) kB/m.exec(text)?.[1] ?? 0) * 1024;
}
