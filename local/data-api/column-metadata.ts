/** `columnMetadata` of a result, as far as PostgreSQL's row description tells it. */
import type { ResultType } from './result-types.ts';
import type { Column } from './statement.ts';

export interface ColumnMetadata {
  readonly name: string;
  readonly label: string;
  readonly type: number;
  readonly typeName: string;
  readonly precision: number;
  readonly scale: number;
  readonly isSigned: boolean;
  readonly isCaseSensitive: boolean;
  readonly arrayBaseColumnType: number;
}

const NUMERIC = 1700;
/** PostgreSQL adds the length of a varlena header to every type modifier. */
const MODIFIER_HEAD = 4;

export function columnMetadata(column: Column, type: ResultType): ColumnMetadata {
  return {
    name: column.name,
    label: column.name,
    type: type.sqlType,
    typeName: type.name,
    ...sizeOf(column),
    isSigned: type.member === 'longValue' || type.member === 'doubleValue' || type.name === 'numeric',
    isCaseSensitive: type.member === 'stringValue' && type.name !== 'numeric',
    arrayBaseColumnType: type.element?.sqlType ?? 0,
  };
}

function sizeOf({ dataTypeID, dataTypeModifier }: Column): { readonly precision: number; readonly scale: number } {
  if (dataTypeModifier < MODIFIER_HEAD) return { precision: 0, scale: 0 };
  const size = dataTypeModifier - MODIFIER_HEAD;
  return dataTypeID === NUMERIC ? { precision: size >> 16, scale: size & 0xffff } : { precision: size, scale: 0 };
}
