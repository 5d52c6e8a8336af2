/** `npm start`: the stack on this machine. */
import { dirname } from 'node:path';
import { runEngine } from '../local/engine/command-line.ts';

process.exit(await runEngine(process.argv.slice(2), dirname(import.meta.dirname)));
