/** What the command ends with; scripts may rely on them. */
export const EXIT = {
  success: 0,
  /** What was asked for failed, or was refused by the target. */
  failure: 1,
  /** Unknown options, a malformed value, or nothing to talk to. */
  usage: 2,
} as const;

export type ExitCode = (typeof EXIT)[keyof typeof EXIT];
