/** One question that was put to the permissions, for reports such as "which grants does nobody use?". */
export interface Decision {
  readonly principal: string;
  readonly action: string;
  readonly resource: string;
  readonly allowed: boolean;
}

/** Answers whether a caller may do something; `local/permissions/` has the one that reads IAM policies. */
export interface Authorizer {
  /**
   * @param conditions what the call says about itself, by condition key in lower case: `{ 's3:prefix': 'due/' }`.
   * @throws ServiceError AccessDenied (403), in the words that AWS uses.
   */
  (principal: string, action: string, resourceArn: string, conditions?: Readonly<Record<string, string>>): void;
  /** Every different question so far with its answer, in the order of first asking; bounded. */
  seen(): readonly Decision[];
}
