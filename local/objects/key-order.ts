/** Keys of one bucket in the order of their UTF-8 bytes, which is the order of lists. Source: S3 API Reference, ListObjectsV2. */

export class KeyOrder {
  readonly #keys: string[] = [];

  add(key: string): void {
    const index = this.#firstFrom(key);
    if (this.#keys[index] !== key) this.#keys.splice(index, 0, key);
  }

  delete(key: string): void {
    const index = this.#firstFrom(key);
    if (this.#keys[index] === key) this.#keys.splice(index, 1);
  }

  /** Keys not before `first`, in order. The bucket must not change meanwhile. */
  *from(first: string): Generator<string> {
    for (let index = this.#firstFrom(first); index < this.#keys.length; index += 1) yield this.#keys[index] as string;
  }

  #firstFrom(key: string): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >> 1;
      if (compareUtf8(this.#keys[middle] as string, key) < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

/** Compares as the UTF-8 bytes would, without making them. */
export function compareUtf8(a: string, b: string): number {
  const length = Math.min(a.length, b.length);
  for (let index = 0; index < length; index += 1) {
    const difference = rank(a.charCodeAt(index)) - rank(b.charCodeAt(index));
    if (difference !== 0) return difference;
  }
  return a.length - b.length;
}

// UTF-16 puts surrogates (U+10000 and above) before U+E000 to U+FFFF; UTF-8 puts them after.
function rank(unit: number): number {
  if (unit < 0xd800) return unit;
  return unit < 0xe000 ? unit + 0x2000 : unit - 0x800;
}
