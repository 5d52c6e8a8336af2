/**
 * How long an API call waits for a database that wakes from its pause (about 15 s): what the function's 29 s leave after
 * the call's own statements.
 */
export const RESUME_WAIT = { resumeWaitMs: 20_000 } as const;
