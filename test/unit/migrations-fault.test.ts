import { DatabaseErrorException, DatabaseResumingException } from '@aws-sdk/client-rds-data';
import { describe, expect, it } from '@jest/globals';
import { dataApiFault } from '../../lambdas/migrate/data-api-fault.ts';

const $metadata = { httpStatusCode: 400 };
const refused = (message: string) => new DatabaseErrorException({ message, $metadata });
const broken = (code: string) => Object.assign(new Error(code), { code });
const answered = (name: string, httpStatusCode: number) =>
  Object.assign(new Error(name), { name, $metadata: { httpStatusCode } });

describe("the Data API's words", () => {
  it.each([
    ['ERROR: relation "x" does not exist; Position: 15; SQLState: 42P01', 'relation "x" does not exist', 15, '42P01'],
    ['ERROR: no 1; SQLState: P0001', 'no 1', undefined, 'P0001'],
    ['ERROR: a; b\nc; Hint: try d; Position: 3; SQLState: 42883', 'a; b\nc; Hint: try d', 3, '42883'],
    ['FATAL: no; SQLState: 57P01', 'no', undefined, '57P01'],
    ['Transaction is still running a query', 'Transaction is still running a query', undefined, undefined],
  ])('%j are read', (text, message, position, sqlState) => {
    expect(dataApiFault(refused(text))).toMatchObject({ code: 'DatabaseErrorException', message, position, sqlState });
  });
});

describe('a fault', () => {
  it.each([
    ['a resuming cluster', new DatabaseResumingException({ message: 'resuming', $metadata }), true],
    ['a lock that is not had', refused('ERROR: x; SQLState: 55P03'), true],
    ['a deadlock', refused('ERROR: x; SQLState: 40P01'), true],
    ['a syntax error', refused('ERROR: x; SQLState: 42601'), false],
    ['an internal error of the server', refused('ERROR: x; SQLState: XX000'), false],
    ['a broken connection', broken('ECONNRESET'), true],
    ['an answer of 503', answered('Whatever', 503), true],
    ['throttling', answered('ThrottlingException', 400), true],
    ['a missing grant', answered('AccessDeniedException', 403), false],
    ['missing credentials', Object.assign(new Error('none'), { name: 'CredentialsProviderError' }), false],
  ])('by %s passes: %#', (_, error, retryable) => {
    expect(dataApiFault(error)).toMatchObject({ retryable, cause: error });
  });
});
