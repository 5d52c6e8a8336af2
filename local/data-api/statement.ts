/**
 * One statement on its way through a connection: sends it by the extended protocol with its parameters' own types, and
 * writes each row as JSON as it arrives. Rejected: pg's Query, which cannot carry parameter types and its own result
 * parsers at once, and builds objects that would be serialized again.
 */
import type { Connection, Submittable } from 'pg';
import { ServiceError } from '../services/service.ts';
import type { DataApiLimits } from './limits.ts';
import type { BoundParameters, WireValue } from './parameter-binding.ts';
import { fieldJson, type ResultOptions, type ResultType, resultTypeOf } from './result-types.ts';

export interface Column {
  readonly name: string;
  readonly dataTypeID: number;
  readonly dataTypeModifier: number;
}

export interface StatementProps {
  /** With `$n` parameters. */
  readonly text: string;
  /** Prepared under this name, once per connection. Empty: not kept. */
  readonly name: string;
  readonly parameters: BoundParameters;
  readonly limits: DataApiLimits;
  readonly options: ResultOptions;
  readonly isFormatted: boolean;
}

export interface StatementResult {
  /** Empty when the statement returns no rows at all, such as an UPDATE without RETURNING. */
  readonly columns: readonly Column[];
  /** `undefined` in place of a type that the Data API does not return. */
  readonly types: readonly (ResultType | undefined)[];
  /** Rows as JSON: an array of arrays of Field, or of objects when formatted. */
  readonly rows: string;
  /** `INSERT 0 3`, `SELECT 1`, `CREATE TABLE`, … */
  readonly commandTag: string;
}

/** The part of pg's Connection that is used; its published types are of an older version. */
interface Wire {
  readonly stream: { cork(): void; uncork(): void };
  /** By name; pg's client enters what `name` and `text` of a query say when its Parse is complete. */
  readonly parsedStatements: Readonly<Record<string, string | undefined>>;
  parse(query: { text: string; name: string; types: readonly number[] }): void;
  bind(query: { statement: string; values: readonly WireValue[] }): void;
  describe(query: { type: 'P' }): void;
  execute(query: object): void;
  sync(): void;
  sendCopyFail(reason: string): void;
}

/** Int16 column count; Int32 length before each value; Int32 of the message itself. Source: PostgreSQL, DataRow. */
const ROW_HEAD_BYTES = 6;
const VALUE_HEAD_BYTES = 4;

export class Statement implements Submittable {
  readonly done: Promise<StatementResult>;
  readonly name: string;
  readonly text: string;
  readonly #props: StatementProps;
  #settle: { resolve: (result: StatementResult) => void; reject: (error: unknown) => void };
  #columns: readonly Column[] = [];
  #types: (ResultType | undefined)[] = [];
  #keys: string[] = [];
  #hasUnsupported = false;
  #rows = '';
  #bytes = 0;
  #commandTag = '';
  #failure: unknown;

  constructor(props: StatementProps) {
    this.#props = props;
    this.name = props.name;
    this.text = props.text;
    const { promise, resolve, reject } = Promise.withResolvers<StatementResult>();
    this.done = promise;
    this.#settle = { resolve, reject };
  }

  submit(connection: Connection): void {
    const wire = connection as unknown as Wire;
    const { text, name, parameters } = this.#props;
    wire.stream.cork();
    try {
      if (wire.parsedStatements[name] === undefined) wire.parse({ text, name, types: parameters.types });
      wire.bind({ statement: name, values: parameters.values });
      wire.describe({ type: 'P' });
      wire.execute({});
      wire.sync();
    } finally {
      wire.stream.uncork();
    }
  }

  handleRowDescription(message: { readonly fields: readonly Column[] }): void {
    this.#columns = message.fields;
    this.#types = message.fields.map(({ dataTypeID }) => resultTypeOf(dataTypeID, this.#props.options));
    this.#keys = message.fields.map(({ name }) => JSON.stringify(name));
    this.#hasUnsupported = this.#types.includes(undefined);
  }

  // A failure here lets the statement run on: it is done, and committed, all the same on Aurora.
  handleDataRow(message: { readonly fields: readonly (string | null)[]; readonly length: number }): void {
    if (this.#failure !== undefined || this.#hasUnsupported) return;
    const bytes = message.length - ROW_HEAD_BYTES - VALUE_HEAD_BYTES * message.fields.length;
    this.#bytes += message.length;
    try {
      this.#refuseOversize(bytes);
      const row = this.#props.isFormatted ? this.#objectJson(message.fields) : this.#recordJson(message.fields);
      this.#rows = this.#rows === '' ? row : `${this.#rows},${row}`;
    } catch (error) {
      this.#failure = error;
      this.#rows = '';
    }
  }

  handleCommandComplete(message: { readonly text: string }): void {
    this.#commandTag = message.text;
  }

  handleEmptyQuery(): void {
    this.#commandTag = '';
  }

  handleCopyInResponse(connection: Connection): void {
    (connection as unknown as Wire).sendCopyFail('COPY is not supported by the Data API');
  }

  handleCopyData(): void {
    this.#failure ??= new ServiceError('DatabaseErrorException', 'execute: unexpected message: CopyOutResponse');
  }

  handlePortalSuspended(): void {}

  handleError(error: unknown): void {
    this.#settle.reject(error);
  }

  handleReadyForQuery(): void {
    if (this.#failure !== undefined) {
      this.#settle.reject(this.#failure);
      return;
    }
    this.#settle.resolve({
      columns: this.#columns,
      types: this.#types,
      rows: `[${this.#rows}]`,
      commandTag: this.#commandTag,
    });
  }

  #refuseOversize(rowBytes: number): void {
    const { limits } = this.#props;
    if (rowBytes > limits.rowBytes) {
      throw new ServiceError(
        'UnsupportedResultException',
        `Packet for query is too large: a row of ${rowBytes} bytes exceeds the size limit ${limits.rowBytes / 1024} KB.`,
      );
    }
    if (this.#bytes > limits.resultBytes) {
      throw new ServiceError('UnsupportedResultException', 'The result exceeds the size limit 1 MB.');
    }
  }

  #recordJson(values: readonly (string | null)[]): string {
    let json = '';
    for (const [index, type] of this.#types.entries()) {
      if (type === undefined) continue;
      const field = fieldJson(type, values[index] ?? null);
      json = json === '' ? field : `${json},${field}`;
    }
    return `[${json}]`;
  }

  #objectJson(values: readonly (string | null)[]): string {
    let json = '';
    for (const [index, type] of this.#types.entries()) {
      const value = values[index] ?? null;
      const member = `${this.#keys[index]}:${value === null || type === undefined ? 'null' : type.toJson(value)}`;
      json = json === '' ? member : `${json},${member}`;
    }
    return `{${json}}`;
  }
}
