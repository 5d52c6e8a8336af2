/** Turns the Data API's typed parameters into PostgreSQL's: a value with the type that Parse is told. */
import { ServiceError } from '../services/service.ts';

/** A parameter as the SDK sends it; one of the members of `value` is set. */
export interface SqlParameter {
  readonly name?: string;
  readonly typeHint?: string;
  readonly value?: {
    readonly isNull?: boolean;
    readonly stringValue?: string;
    readonly longValue?: number;
    readonly doubleValue?: number | string;
    readonly booleanValue?: boolean;
    /** base64 */
    readonly blobValue?: string;
    readonly arrayValue?: unknown;
  };
}

export interface BoundParameters {
  readonly values: readonly WireValue[];
  readonly types: readonly number[];
}

/** Text, bytes (sent as binary), or null. */
export type WireValue = string | Buffer | null;

interface Bound {
  readonly value: WireValue;
  readonly type: number;
}

/** OIDs of the types that a parameter can have. Source: PostgreSQL 17, src/include/catalog/pg_type.dat. */
const OID = {
  unspecified: 0,
  bool: 16,
  bytea: 17,
  int8: 20,
  text: 25,
  json: 114,
  float8: 701,
  date: 1082,
  time: 1083,
  timestamp: 1114,
  numeric: 1700,
  uuid: 2950,
} as const;

interface Hint {
  readonly type: number;
  /** The accepted format, where the API reference names one (SqlParameter, typeHint). */
  readonly format?: RegExp;
}

const HINTS: Readonly<Record<string, Hint>> = {
  UUID: { type: OID.uuid },
  JSON: { type: OID.json },
  DECIMAL: { type: OID.numeric },
  DATE: { type: OID.date, format: /^\d{4}-\d{2}-\d{2}$/ },
  TIME: { type: OID.time, format: /^\d{2}:\d{2}:\d{2}(?:\.\d{1,6})?$/ },
  TIMESTAMP: { type: OID.timestamp, format: /^\d{4}-\d{2}-\d{2} \d{2}:\d{2}:\d{2}(?:\.\d{1,6})?$/ },
};

const NONE: BoundParameters = { values: [], types: [] };

/**
 * @param names of `$1`, `$2`, … in the statement.
 * @throws ServiceError BadRequestException when one has no value, ValidationException when a value is not to be had.
 */
export function bindParameters(names: readonly string[], parameters: readonly SqlParameter[]): BoundParameters {
  for (const parameter of parameters) refuseArray(parameter);
  if (names.length === 0) return NONE;
  const byName = new Map(parameters.map((parameter) => [parameter.name, parameter]));
  const values: WireValue[] = [];
  const types: number[] = [];
  for (const name of names) {
    const parameter = byName.get(name);
    if (parameter === undefined) throw new ServiceError('BadRequestException', `Cannot find parameter: ${name}`);
    const { value, type } = bind(parameter);
    values.push(value);
    types.push(type);
  }
  return { values, types };
}

function refuseArray(parameter: SqlParameter): void {
  if (parameter.value?.arrayValue !== undefined) {
    throw new ServiceError('ValidationException', 'Array parameters are not supported.');
  }
}

function bind({ name, value = {}, typeHint }: SqlParameter): Bound {
  // A null has no type of its own: PostgreSQL infers it from where it stands.
  if (value.isNull === true) return { value: null, type: hintOf(typeHint)?.type ?? OID.unspecified };
  if (value.stringValue !== undefined) return bindString(value.stringValue, typeHint);
  if (value.longValue !== undefined) return { value: String(value.longValue), type: OID.int8 };
  if (value.doubleValue !== undefined) return { value: String(value.doubleValue), type: OID.float8 };
  if (value.booleanValue !== undefined) return { value: value.booleanValue ? 't' : 'f', type: OID.bool };
  if (value.blobValue !== undefined) return { value: Buffer.from(value.blobValue, 'base64'), type: OID.bytea };
  throw new ServiceError('ValidationException', `Parameter ${name ?? ''} has no value.`);
}

function bindString(value: string, typeHint: string | undefined): Bound {
  const hint = hintOf(typeHint);
  if (hint === undefined) return { value, type: OID.text };
  if (hint.format !== undefined && !hint.format.test(value)) {
    throw new ServiceError('ValidationException', `${JSON.stringify(value)} is not in the format of ${typeHint}.`);
  }
  return { value, type: hint.type };
}

function hintOf(typeHint: string | undefined): Hint | undefined {
  if (typeHint === undefined) return undefined;
  const hint = HINTS[typeHint];
  if (hint === undefined) throw new ServiceError('ValidationException', `Unknown type hint: ${typeHint}`);
  return hint;
}
