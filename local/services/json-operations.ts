/** Services of the awsJson protocol: the operation is named by the `x-amz-target` header, input and output are JSON. */
import { z } from 'zod';
import { jsonResponse } from './json-response.ts';
import { type LocalService, ServiceError, type ServiceName, type ServiceRequest } from './service.ts';

export type JsonOperation = (body: unknown, request: ServiceRequest) => unknown;

export interface JsonServiceProps {
  readonly name: ServiceName;
  /** What stands before the dot in `x-amz-target`: `TrentService`, `AWSEvents`. */
  readonly target: string;
  readonly operations: Readonly<Record<string, JsonOperation>>;
}

/**
 * One operation with its input checked. Members that the schema does not name are ignored, as AWS ignores them.
 * @throws ServiceError ValidationException (400) from the operation it returns.
 */
export function operation<Input>(
  schema: z.ZodType<Input>,
  run: (input: Input, request: ServiceRequest) => unknown,
): JsonOperation {
  return (body, request) => {
    const parsed = schema.safeParse(body);
    if (!parsed.success) throw new ServiceError('ValidationException', z.prettifyError(parsed.error));
    return run(parsed.data, request);
  };
}

export function createJsonService(props: JsonServiceProps): LocalService {
  const operations = new Map<string, JsonOperation>(
    Object.entries(props.operations).map(([name, run]) => [`${props.target}.${name}`, run] as const),
  );
  return {
    name: props.name,
    handle: async (request) => {
      const target = request.headers['x-amz-target'] ?? '';
      const run = operations.get(target);
      if (run === undefined) {
        throw new ServiceError('UnknownOperationException', `${props.name} has no operation ${target} here`);
      }
      return jsonResponse((await run(parseBody(request.body), request)) ?? {});
    },
  };
}

function parseBody(body: Buffer): unknown {
  try {
    return JSON.parse(body.toString('utf8'));
  } catch {
    throw new ServiceError('SerializationException', 'the request body is no JSON');
  }
}
