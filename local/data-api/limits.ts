/**
 * Limits of the RDS Data API, all enforced so that a test fails here instead of in an account.
 * Sources: Aurora User Guide, "Limitations for the Amazon RDS Data API", "Data API quotas" and "Calling the Data API";
 * API reference, ExecuteStatement (length of `sql`).
 */
export interface DataApiLimits {
  readonly requestBytes: number;
  readonly rowBytes: number;
  readonly resultBytes: number;
  readonly formattedRecordsBytes: number;
  readonly sqlCharacters: number;
  readonly statementTimeoutMs: number;
  /** Between two calls of one transaction. */
  readonly transactionIdleMs: number;
  readonly transactionLifetimeMs: number;
}

export const AURORA_LIMITS: DataApiLimits = {
  requestBytes: 4 * 1024 * 1024,
  rowBytes: 64 * 1024,
  resultBytes: 1024 * 1024,
  formattedRecordsBytes: 10 * 1024 * 1024,
  sqlCharacters: 65_536,
  statementTimeoutMs: 45_000,
  transactionIdleMs: 3 * 60_000,
  transactionLifetimeMs: 24 * 60 * 60_000,
};
