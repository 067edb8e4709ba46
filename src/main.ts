#!/usr/bin/env node
import { runCommandLine } from './cli/program.js';

await runCommandLine(process.argv, process.env);
