/** The server's settings, as `-c` arguments: nothing is written into postgresql.conf, so an old folder gets new ones. */

export interface ServerSettings {
  /** Throwaway: nothing is synced to disk. */
  readonly isMemory: boolean;
  /** Whether a commit waits until it is on disk. */
  readonly synchronousCommit: 'on' | 'off';
}

const COMMON = {
  listen_addresses: '127.0.0.1',
  // No socket file: its path has a length limit (107 bytes), and a folder of its own to protect.
  unix_socket_directories: '',
  // Two pools of the Data API for each of two users, and room for psql and a dashboard.
  max_connections: '100',
  password_encryption: 'scram-sha-256',
  jit: 'off',
  max_wal_size: '2GB',
  log_min_messages: 'warning',
  log_checkpoints: 'off',
  log_connections: 'off',
  log_line_prefix: '%m [%p] %q%u@%d ',
  log_timezone: 'UTC',
  timezone: 'UTC',
} as const;

/**
 * With synchronous_commit=off a commit is acknowledged while its WAL is still in the server's own memory, which the WAL
 * writer empties at most 3 × `wal_writer_delay` later. A killed engine loses nothing then, but a killed server does (seen:
 * a table made just before), as a power cut does: up to 0.6 s. Measured on 2 cores, with fsync: 2,000 commits/s on one
 * connection and 2,400 to 8,000 on eight when on; 3,600 and 12,000 when off. The engine needs some hundreds.
 * Source: PostgreSQL 17 manual, "Asynchronous Commit".
 */
const DURABLE = {
  shared_buffers: '128MB',
  fsync: 'on',
  full_page_writes: 'on',
  wal_writer_delay: '200ms',
} as const;

const MEMORY = {
  shared_buffers: '32MB',
  fsync: 'off',
  full_page_writes: 'off',
  autovacuum: 'off',
} as const;

/** Everything but the port, which an adopted server keeps. */
export function fixedArguments(data: string, settings: ServerSettings): string[] {
  const values = {
    ...COMMON,
    ...(settings.isMemory ? MEMORY : DURABLE),
    synchronous_commit: settings.synchronousCommit,
  };
  return ['-D', data, ...Object.entries(values).flatMap(([name, value]) => ['-c', `${name}=${value}`])];
}

export function portArguments(port: number): string[] {
  return ['-c', `port=${port}`];
}
