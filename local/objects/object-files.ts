/**
 * One file per object: a line of JSON about it, then its bytes. A write goes to a file of its own, is synced, and takes
 * the place of the old one in one rename, so that a crash leaves either whole. Files are named by a hash: keys may be
 * longer than file names, differ in case alone, or be a prefix of one another (`a` and `a/b`).
 */
import { createHash, randomUUID } from 'node:crypto';
import { mkdir, open, readdir, readFile, rename, rm } from 'node:fs/promises';
import { join } from 'node:path';

export interface ObjectHead {
  readonly key: string;
  /** In quotes, as HTTP wants it. */
  readonly etag: string;
  readonly sizeBytes: number;
  readonly lastModifiedMs: number;
  readonly crc32: string;
  readonly contentType: string;
  readonly contentEncoding?: string | undefined;
  /** User metadata, names without `x-amz-meta-`, in lower case. */
  readonly metadata: Readonly<Record<string, string>>;
}

const LINE_END = 0x0a;
const OBJECT_SUFFIX = '.object';
const WRITING_SUFFIX = '.writing';
// Nearly every head fits; a key of 1,024 bytes with 2 KB of metadata may not, and then the whole file is read.
const USUAL_HEAD_BYTES = 4_096;

export class ObjectFiles {
  readonly #folder: string;

  private constructor(folder: string) {
    this.#folder = folder;
  }

  /** Makes the folder if need be, and clears away what a crash left half written. */
  static async open(folder: string): Promise<ObjectFiles> {
    await mkdir(folder, { recursive: true });
    for (const name of await readdir(folder)) {
      if (name.endsWith(WRITING_SUFFIX)) await rm(join(folder, name), { force: true });
    }
    return new ObjectFiles(folder);
  }

  async *heads(): AsyncGenerator<ObjectHead> {
    for (const name of await readdir(this.#folder)) {
      if (name.endsWith(OBJECT_SUFFIX)) yield await readHead(join(this.#folder, name));
    }
  }

  async write(head: ObjectHead, body: Buffer): Promise<void> {
    const writing = join(this.#folder, `${randomUUID()}${WRITING_SUFFIX}`);
    const file = await open(writing, 'wx');
    try {
      await file.writeFile(Buffer.concat([Buffer.from(`${JSON.stringify(head)}\n`), body]));
      await file.datasync();
    } finally {
      await file.close();
    }
    await rename(writing, this.#path(head.key));
  }

  /** Head and body of one and the same version. @returns undefined when there is none. */
  async read(key: string): Promise<{ readonly head: ObjectHead; readonly body: Buffer } | undefined> {
    try {
      const bytes = await readFile(this.#path(key));
      const end = bytes.indexOf(LINE_END);
      return { head: parseHead(bytes.subarray(0, end)), body: bytes.subarray(end + 1) };
    } catch (error) {
      if (isMissing(error)) return undefined;
      throw error;
    }
  }

  delete(key: string): Promise<void> {
    return rm(this.#path(key), { force: true });
  }

  #path(key: string): string {
    return join(this.#folder, `${createHash('sha256').update(key).digest('hex')}${OBJECT_SUFFIX}`);
  }
}

async function readHead(path: string): Promise<ObjectHead> {
  const file = await open(path, 'r');
  try {
    const { buffer, bytesRead } = await file.read(Buffer.alloc(USUAL_HEAD_BYTES), 0, USUAL_HEAD_BYTES, 0);
    const end = buffer.subarray(0, bytesRead).indexOf(LINE_END);
    if (end >= 0) return parseHead(buffer.subarray(0, end));
    const whole = await readFile(path);
    return parseHead(whole.subarray(0, whole.indexOf(LINE_END)));
  } finally {
    await file.close();
  }
}

function isMissing(error: unknown): boolean {
  return typeof error === 'object' && error !== null && 'code' in error && error.code === 'ENOENT';
}

function parseHead(line: Buffer): ObjectHead {
  return JSON.parse(line.toString()) as ObjectHead;
}
