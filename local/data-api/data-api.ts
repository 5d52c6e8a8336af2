/** The RDS Data API as of Aurora PostgreSQL Serverless v2, on a PostgreSQL server. */
import { jsonError } from '../services/json-response.ts';
import {
  type LocalService,
  ServiceError,
  type ServiceName,
  type ServiceRequest,
  type ServiceResponse,
} from '../services/service.ts';
import { Connections, type Credentials, giveBack } from './connections.ts';
import { statementError, unavailable } from './database-error.ts';
import { AURORA_LIMITS, type DataApiLimits } from './limits.ts';
import { parseNamedParameters } from './named-parameters.ts';
import { bindParameters, type SqlParameter } from './parameter-binding.ts';
import { PreparedNames } from './prepared-names.ts';
import { parseRequestBody, type RequestBody, sqlOf, transactionIdOf } from './request-body.ts';
import { executeResponseBody } from './response-body.ts';
import { StatementRunner } from './statement-runner.ts';
import { Transactions } from './transactions.ts';

/** `resuming`: paused at 0 ACU, as the first calls after an idle night meet it. */
export type DatabaseState = 'up' | 'resuming' | 'down';

export interface DataApiProps {
  readonly clusterArn: string;
  readonly host: string;
  readonly port: number;
  /** What the secret holds; undefined when there is no such secret. */
  readonly credentials: (secretArn: string) => Credentials | undefined;
  /**
   * The database of calls that name none.
   * @default the user's name, as on Aurora, where such a call therefore fails (SQLState 3D000).
   */
  readonly database?: string;
  /** For tests of what takes minutes. @default AURORA_LIMITS */
  readonly limits?: Partial<DataApiLimits>;
}

interface Call {
  readonly body: RequestBody;
  readonly credentials: Credentials;
  readonly database: string;
}

interface Operation {
  readonly action: string;
  readonly perform: (call: Call) => Promise<string>;
}

const JSON_HEADERS = { 'content-type': 'application/json' } as const;
// formatRecordsAs is ignored for other statements than SELECT. Source: API reference, ExecuteStatement.
const IS_CHANGE = /^\s*(?:insert|update|delete|merge)\b/i;

export class DataApi implements LocalService {
  readonly name: ServiceName = 'rds-data';
  readonly #props: DataApiProps;
  readonly #limits: DataApiLimits;
  readonly #connections: Connections;
  readonly #transactions: Transactions;
  readonly #runner: StatementRunner;
  readonly #names = new PreparedNames();
  readonly #operations: Readonly<Record<string, Operation>>;
  #state: DatabaseState = 'up';

  constructor(props: DataApiProps) {
    this.#props = props;
    this.#limits = { ...AURORA_LIMITS, ...props.limits };
    const { statementTimeoutMs } = this.#limits;
    this.#connections = new Connections({ host: props.host, port: props.port, statementTimeoutMs });
    this.#transactions = new Transactions(this.#limits);
    this.#runner = new StatementRunner(this.#connections, this.#transactions, this.#limits);
    this.#operations = {
      '/Execute': { action: 'ExecuteStatement', perform: (call) => this.#execute(call) },
      '/BatchExecute': { action: 'BatchExecuteStatement', perform: (call) => this.#batchExecute(call) },
      '/BeginTransaction': { action: 'BeginTransaction', perform: (call) => this.#begin(call) },
      '/CommitTransaction': { action: 'CommitTransaction', perform: (call) => this.#commit(call) },
      '/RollbackTransaction': { action: 'RollbackTransaction', perform: (call) => this.#rollback(call) },
    };
  }

  /** For drills: the answers of a cluster that resumes from a pause, or whose writer is gone. */
  setState(state: DatabaseState): void {
    this.#state = state;
  }

  /** @throws ServiceError in the Data API's words. */
  async handle(request: ServiceRequest): Promise<ServiceResponse> {
    const operation = this.#operations[request.path];
    if (operation === undefined || request.method !== 'POST') {
      throw new ServiceError('NotFoundException', `The operation ${request.path} isn't supported.`, 404);
    }
    const call = this.#admit(request, operation.action);
    return { status: 200, headers: JSON_HEADERS, body: await operation.perform(call) };
  }

  writeError(error: ServiceError): ServiceResponse {
    if (error.code !== 'AccessDenied') return jsonError(error);
    return jsonError(new ServiceError('AccessDeniedException', error.message, error.status));
  }

  /** Closes all connections; open transactions are rolled back. */
  async close(): Promise<void> {
    this.#transactions.close();
    await this.#connections.close();
  }

  #admit(request: ServiceRequest, action: string): Call {
    const body = parseRequestBody(request.body, this.#limits);
    request.authorize(`rds-data:${action}`, body.resourceArn);
    request.authorize('secretsmanager:GetSecretValue', body.secretArn);
    if (body.resourceArn !== this.#props.clusterArn) {
      throw new ServiceError(
        'HttpEndpointNotEnabledException',
        `HttpEndpoint is not enabled for cluster ${body.resourceArn}`,
      );
    }
    const credentials = this.#props.credentials(body.secretArn);
    if (credentials === undefined) {
      throw new ServiceError('SecretsErrorException', `Secrets Manager can't find the secret ${body.secretArn}`);
    }
    this.#requireAwake();
    return { body, credentials, database: body.database ?? this.#props.database ?? credentials.username };
  }

  #requireAwake(): void {
    if (this.#state === 'up') return;
    if (this.#state === 'down') throw unavailable();
    throw new ServiceError(
      'DatabaseResumingException',
      'The Aurora DB instance is resuming after being auto-paused. Please wait a few seconds and try again.',
    );
  }

  async #execute({ body, credentials, database }: Call): Promise<string> {
    const sql = sqlOf(body, this.#limits);
    const parsed = parseNamedParameters(sql);
    const parameters = bindParameters(parsed.names, body.parameters ?? []);
    const isFormatted = body.formatRecordsAs === 'JSON' && !IS_CHANGE.test(sql);
    const result = await this.#runner.run({
      statement: {
        text: parsed.text,
        name: this.#names.of(parsed, parameters.types),
        parameters,
        limits: this.#limits,
        options: body.resultSetOptions ?? {},
        isFormatted,
      },
      hasSeveral: parsed.hasSeveral,
      credentials,
      database,
      namedDatabase: body.database,
      transactionId: body.transactionId,
      continueAfterTimeout: body.continueAfterTimeout ?? false,
    });
    const hasMetadata = body.includeResultMetadata ?? false;
    return executeResponseBody({ result, isFormatted, hasMetadata, limits: this.#limits });
  }

  /** Sets are performed one by one, each for itself unless in a transaction; the first failure ends the batch. */
  async #batchExecute({ body, credentials, database }: Call): Promise<string> {
    const parsed = parseNamedParameters(sqlOf(body, this.#limits));
    const sets: readonly (readonly SqlParameter[])[] = body.parameterSets?.length ? body.parameterSets : [[]];
    const bound = sets.map((parameters) => bindParameters(parsed.names, parameters));
    for (const parameters of bound) {
      await this.#runner.run({
        statement: { text: parsed.text, name: '', parameters, limits: this.#limits, options: {}, isFormatted: false },
        hasSeveral: parsed.hasSeveral,
        credentials,
        database,
        namedDatabase: body.database,
        transactionId: body.transactionId,
        continueAfterTimeout: false,
      });
    }
    return JSON.stringify({ updateResults: sets.map(() => ({ generatedFields: [] })) });
  }

  async #begin({ credentials, database }: Call): Promise<string> {
    const client = await this.#connections.take(credentials, database, 'transactions');
    try {
      await client.query('BEGIN');
    } catch (error) {
      giveBack(client, false);
      throw statementError(error, { hasSeveral: false, elapsedMs: 0, timeoutMs: this.#limits.statementTimeoutMs });
    }
    return JSON.stringify({
      transactionId: this.#transactions.add(client, { username: credentials.username, database }),
    });
  }

  async #commit(call: Call): Promise<string> {
    const tag = await this.#finish(call, 'COMMIT');
    // PostgreSQL answers COMMIT of a failed transaction with a quiet rollback, which must not look like success.
    if (tag === 'ROLLBACK') {
      const cause = 'Transaction has been aborted due to an error from a previous call.';
      throw new ServiceError(
        'TransactionNotFoundException',
        `Transaction ${call.body.transactionId} is not found. ${cause}`,
        404,
      );
    }
    return JSON.stringify({ transactionStatus: 'Transaction Committed' });
  }

  async #rollback(call: Call): Promise<string> {
    await this.#finish(call, 'ROLLBACK');
    return JSON.stringify({ transactionStatus: 'Rollback Complete' });
  }

  async #finish({ body, credentials }: Call, command: 'COMMIT' | 'ROLLBACK'): Promise<string> {
    const caller = { username: credentials.username, database: body.database };
    try {
      return await this.#transactions.finish(transactionIdOf(body), caller, async (client) => {
        return (await client.query(command)).command;
      });
    } catch (error) {
      throw statementError(error, { hasSeveral: false, elapsedMs: 0, timeoutMs: this.#limits.statementTimeoutMs });
    }
  }
}
