/** Name of a modelled AWS error (`DatabaseResumingException`, …), or of whatever else was thrown. */
export function errorName(error: unknown): string {
  return error instanceof Error ? error.name : 'Unknown';
}

/** `code` of a Node error (`ECONNRESET`, …), if it has one. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined;
  return typeof error.code === 'string' ? error.code : undefined;
}

/** HTTP status that an AWS error came with; undefined when no answer was had. */
export function httpStatusOf(error: unknown): number | undefined {
  if (!(error instanceof Error) || !('$metadata' in error)) return undefined;
  const metadata = error.$metadata;
  if (typeof metadata !== 'object' || metadata === null || !('httpStatusCode' in metadata)) return undefined;
  return typeof metadata.httpStatusCode === 'number' ? metadata.httpStatusCode : undefined;
}
