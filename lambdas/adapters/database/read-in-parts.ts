export interface Parts<Row> {
  /** Rows wanted in all. */
  readonly count: number;
  /** Rows of one call: as many of the longest as the 1 MiB of a result set holds (AuroraUserGuide, data-api.limitations). */
  readonly rowsPerCall: number;
  /** @param last the row that the part comes after; undefined for the first part. */
  readonly read: (limit: number, last: Row | undefined) => Promise<readonly Row[]>;
}

/** The first `count` rows of a list whose rows may be too long to come in one call; most lists take one. */
export async function readInParts<Row>({ count, rowsPerCall, read }: Parts<Row>): Promise<Row[]> {
  const rows: Row[] = [];
  while (rows.length < count) {
    const limit = Math.min(rowsPerCall, count - rows.length);
    const part = await read(limit, rows.at(-1));
    rows.push(...part);
    if (part.length < limit) break;
  }
  return rows;
}
