/** What the functions wrote, from their log groups. */
import {
  type CloudWatchLogsClient,
  paginateDescribeLogGroups,
  paginateFilterLogEvents,
} from '@aws-sdk/client-cloudwatch-logs';

export interface LogLine {
  readonly group: string;
  readonly text: string;
}

// Of our own log (`level`), of the SDK, of Node, and of Lambda itself.
const TROUBLE =
  /AccessDenied|not authorized to perform|"level":"error"|Unhandled|Uncaught|Task timed out|Runtime\.\w+|"errorType"|\bERROR\b|\b(?:Type|Reference|Syntax|Range)Error\b/;

export class FunctionLogs {
  readonly #client: CloudWatchLogsClient;

  constructor(client: CloudWatchLogsClient) {
    this.#client = client;
  }

  async all(): Promise<LogLine[]> {
    const lines: LogLine[] = [];
    for (const group of await this.#groups()) {
      for await (const { events = [] } of paginateFilterLogEvents({ client: this.#client }, { logGroupName: group })) {
        for (const { message = '' } of events) lines.push({ group, text: message.trimEnd() });
      }
    }
    return lines;
  }

  async #groups(): Promise<string[]> {
    const names: string[] = [];
    for await (const { logGroups = [] } of paginateDescribeLogGroups({ client: this.#client }, {})) {
      for (const { logGroupName } of logGroups) if (logGroupName !== undefined) names.push(logGroupName);
    }
    return names;
  }
}

/** Denied calls, and errors that nobody handled. */
export function troubleIn(lines: readonly LogLine[]): LogLine[] {
  return lines.filter(({ text }) => TROUBLE.test(text));
}
