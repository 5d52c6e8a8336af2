import { runCommand } from '../cli/program.ts';
import { terminal } from '../cli/terminal.ts';

process.exitCode = await runCommand(process.argv.slice(2), terminal);
