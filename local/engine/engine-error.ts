export type EngineErrorCode =
  | 'FOLDER_IN_USE'
  | 'PORT_IN_USE'
  | 'INVALID_OPTION'
  | 'CUSTOM_RESOURCE_FAILED'
  | 'GRANT_MISSING'
  | 'CODE_MISSING';

/** The engine cannot start; the message says why in words of its user. */
export class EngineError extends Error {
  readonly code: EngineErrorCode;
  constructor(code: EngineErrorCode, message: string, options?: ErrorOptions) {
    super(message, options);
    this.name = 'EngineError';
    this.code = code;
  }
}
