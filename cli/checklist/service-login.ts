import { z } from 'zod';
import type { Statement } from '../../lambdas/adapters/database/database.ts';
import { isDatabaseFault } from '../../lambdas/adapters/database/database-fault.ts';
import { readServicePassword } from '../../lambdas/migrate/service-secret.ts';
import { type ChecklistItem, fail, pass } from './item.ts';
import { RESUME_WAIT } from './schema.ts';

const selectUser: Statement<{ user: string }> = {
  isRepeatable: true,
  row: z.object({ user: z.string() }),
  sql: `SELECT json_build_object('user', current_user)::text`,
};

/** The way of every function to the database: the secret of `hook_svc`, read and used. */
export const serviceLogin: ChecklistItem = {
  name: 'service-login',
  title: 'the secret of hook_svc can be read, and opens the database',

  async check({ aws, database, output, tidegateCommand }) {
    // Read apart, and thrown away: the Data API would say of a broken secret no more than that the login failed.
    await readServicePassword(aws.secretsManager, output('ServiceSecretArn'));
    try {
      const [row] = await database.query(selectUser, {}, RESUME_WAIT);
      return row?.user === 'hook_svc'
        ? pass('the Data API answers to hook_svc')
        : fail(`the secret logs in as ${row?.user}`, `it must be hook_svc's: ${tidegateCommand('migrate up')}`);
    } catch (error) {
      if (!isDatabaseFault(error) || !isLoginRefused(error.sqlState)) throw error;
      return fail(
        `the database refuses the password in the secret (SQLSTATE ${error.sqlState})`,
        `give hook_svc the secret's password: ${tidegateCommand('migrate up')}`,
      );
    }
  },

  fixWhenUnanswered: ({ awsCommand, output }) =>
    `your credentials need secretsmanager:GetSecretValue and rds-data:ExecuteStatement; is the cluster there? ${awsCommand('rds', `describe-db-clusters --db-cluster-identifier ${output('ClusterArn').split(':').at(-1)}`)}`,
};

/** Class 28: invalid authorization specification, of which a wrong password is one. Source: PostgreSQL, appendix A. */
function isLoginRefused(sqlState: string | undefined): boolean {
  return sqlState?.startsWith('28') ?? false;
}
