/** How a column of each PostgreSQL type is written into the Data API's answer. */
import { ServiceError } from '../services/service.ts';
import { parseArrayLiteral } from './array-literal.ts';

/** What a value becomes: its member of Field, and its JSON text. */
export interface ResultType {
  readonly member: 'booleanValue' | 'longValue' | 'doubleValue' | 'stringValue' | 'blobValue' | 'arrayValue';
  /** `java.sql.Types` code, as columnMetadata has it. */
  readonly sqlType: number;
  readonly name: string;
  /** From PostgreSQL's text form to JSON text. */
  readonly toJson: (value: string) => string;
  readonly element?: ResultType;
}

export interface ResultOptions {
  /** @default 'STRING' */
  readonly decimalReturnType?: string;
  /** @default 'LONG' */
  readonly longReturnType?: string;
}

const SQL_TYPE = {
  bit: -7,
  bigint: -5,
  binary: -2,
  numeric: 2,
  integer: 4,
  smallint: 5,
  real: 7,
  double: 8,
  varchar: 12,
  char: 1,
  date: 91,
  time: 92,
  timestamp: 93,
  other: 1111,
  array: 2003,
} as const;

const identity = (value: string): string => value;
const quote = (value: string): string => JSON.stringify(value);

const boolean = (value: string): string => (value === 't' ? 'true' : 'false');
// JSON has no NaN and no Infinity: restJson1 writes them as strings.
const double = (value: string): string => (Number.isFinite(Number(value)) ? value : quote(value));
const bytes = (value: string): string => quote(Buffer.from(value.slice(2), 'hex').toString('base64'));

/** Aurora writes no fraction when it is zero, milliseconds when they are enough, else microseconds. */
function fraction(value: string): string {
  const dot = value.lastIndexOf('.');
  if (dot < 0) return value;
  const digits = value.slice(dot + 1);
  return `${value.slice(0, dot)}.${digits.padEnd(digits.length > 3 ? 6 : 3, '0')}`;
}

const time = (value: string): string => quote(fraction(value));

/** An infinite date fails on Aurora with a bare InternalFailure. */
function finite(value: string): string {
  if (value === 'infinity' || value === '-infinity') throw new ServiceError('InternalFailure', 'UnknownError', 500);
  return value;
}

const date = (value: string): string => quote(finite(value));
const timestamp = (value: string): string => quote(fraction(finite(value)));
// The session is in UTC, so the offset is always +00, and Aurora leaves it out.
const timestamptz = (value: string): string => quote(fraction(finite(value).replace('+00', '')));

type Scalar = readonly [oid: number, arrayOid: number, type: ResultType];

function scalar(oids: readonly [number, number], type: ResultType): Scalar {
  return [oids[0], oids[1], type];
}

function text(oids: readonly [number, number], name: string, sqlType: number = SQL_TYPE.varchar): Scalar {
  return scalar(oids, { member: 'stringValue', sqlType, name, toJson: quote });
}

const NO_ARRAY = 0;
const NUMERIC: ResultType = { member: 'stringValue', sqlType: SQL_TYPE.numeric, name: 'numeric', toJson: quote };
const INT8: ResultType = { member: 'longValue', sqlType: SQL_TYPE.bigint, name: 'int8', toJson: identity };

/** OIDs of a type and of its array. Source: PostgreSQL 17, src/include/catalog/pg_type.dat. */
const SCALARS: readonly Scalar[] = [
  scalar([16, 1000], { member: 'booleanValue', sqlType: SQL_TYPE.bit, name: 'bool', toJson: boolean }),
  // bytea in arrays is refused.
  scalar([17, NO_ARRAY], { member: 'blobValue', sqlType: SQL_TYPE.binary, name: 'bytea', toJson: bytes }),
  scalar([20, 1016], INT8),
  scalar([21, 1005], { member: 'longValue', sqlType: SQL_TYPE.smallint, name: 'int2', toJson: identity }),
  scalar([23, 1007], { member: 'longValue', sqlType: SQL_TYPE.integer, name: 'int4', toJson: identity }),
  scalar([26, NO_ARRAY], { member: 'longValue', sqlType: SQL_TYPE.bigint, name: 'oid', toJson: identity }),
  scalar([700, 1021], { member: 'doubleValue', sqlType: SQL_TYPE.real, name: 'float4', toJson: double }),
  scalar([701, 1022], { member: 'doubleValue', sqlType: SQL_TYPE.double, name: 'float8', toJson: double }),
  scalar([1700, 1231], NUMERIC),
  text([25, 1009], 'text'),
  text([1043, 1015], 'varchar'),
  text([1042, 1014], 'bpchar', SQL_TYPE.char),
  text([19, 1003], 'name'),
  text([2950, 2951], 'uuid', SQL_TYPE.other),
  text([114, 199], 'json', SQL_TYPE.other),
  text([3802, 3807], 'jsonb', SQL_TYPE.other),
  scalar([1082, 1182], { member: 'stringValue', sqlType: SQL_TYPE.date, name: 'date', toJson: date }),
  scalar([1083, 1183], { member: 'stringValue', sqlType: SQL_TYPE.time, name: 'time', toJson: time }),
  scalar([1114, 1115], { member: 'stringValue', sqlType: SQL_TYPE.timestamp, name: 'timestamp', toJson: timestamp }),
  scalar([1184, 1185], {
    member: 'stringValue',
    sqlType: SQL_TYPE.timestamp,
    name: 'timestamptz',
    toJson: timestamptz,
  }),
];

const ARRAY_MEMBER = {
  booleanValue: 'booleanValues',
  longValue: 'longValues',
  doubleValue: 'doubleValues',
  stringValue: 'stringValues',
} as const;

function arrayOf(element: ResultType): ResultType {
  return {
    member: 'arrayValue',
    sqlType: SQL_TYPE.array,
    name: `_${element.name}`,
    toJson: (value) => `[${arrayItems(element, value)}]`,
    element,
  };
}

function arrayItems(element: ResultType, literal: string): string {
  const items = parseArrayLiteral(literal);
  if (items === undefined) {
    throw new ServiceError('UnsupportedResultException', 'The result contains a multidimensional array.');
  }
  return items.map((item) => (item === null ? 'null' : element.toJson(item))).join(',');
}

const BY_OID = new Map<number, ResultType>(
  SCALARS.flatMap(([oid, arrayOid, type]) => [
    [oid, type] as const,
    ...(arrayOid === NO_ARRAY ? [] : [[arrayOid, arrayOf(type)] as const]),
  ]),
);

/** @returns undefined for a type that the Data API does not return: cast it to text in SQL. */
export function resultTypeOf(oid: number, options: ResultOptions): ResultType | undefined {
  const type = BY_OID.get(oid);
  if (type === NUMERIC && options.decimalReturnType === 'DOUBLE_OR_LONG') return asNumber(type);
  if (type?.member === 'longValue' && options.longReturnType === 'STRING') {
    return { ...type, member: 'stringValue', toJson: quote };
  }
  return type;
}

// The member follows the value, so the whole field is written by fieldJson.
function asNumber(type: ResultType): ResultType {
  return { ...type, member: 'doubleValue', toJson: double };
}

/** One member of a record: a Field as JSON. */
export function fieldJson(type: ResultType, value: string | null): string {
  if (value === null) return '{"isNull":true}';
  if (type.element !== undefined) {
    const { member } = type.element;
    const list = member === 'blobValue' || member === 'arrayValue' ? 'stringValues' : ARRAY_MEMBER[member];
    return `{"arrayValue":{"${list}":${type.toJson(value)}}}`;
  }
  const isWhole = type.sqlType === SQL_TYPE.numeric && type.member === 'doubleValue' && /^-?\d+$/.test(value);
  return `{"${isWhole ? 'longValue' : type.member}":${type.toJson(value)}}`;
}
