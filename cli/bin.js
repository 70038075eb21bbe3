#!/usr/bin/env node
// The command is TypeScript that Node runs as it is, which needs Node 24. Where the host's Node is older, the one that
// package-lock.json pins is used instead; this file is plain JavaScript so that an old Node can read it.
import { spawn } from 'node:child_process';
import module, { createRequire } from 'node:module';
import { constants } from 'node:os';
import { fileURLToPath } from 'node:url';

const REQUIRED_MAJOR = 24;

if (Number.parseInt(process.versions.node, 10) >= REQUIRED_MAJOR) {
  // Half of a short command is spent on compiling; Node keeps what it compiled for the next one.
  module.enableCompileCache();
  await import('./main.ts');
} else {
  runPinned();
}

function runPinned() {
  let node;
  try {
    node = createRequire(import.meta.url).resolve('node/bin/node');
  } catch {
    console.error(
      `countersign needs Node ${REQUIRED_MAJOR}, and this is ${process.version}. Run \`npm ci\` first: it brings one along.`,
    );
    process.exit(2);
  }
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], { stdio: 'inherit' });
  for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT']) {
    // Ctrl-C on a terminal reaches the child by itself; a signal to this process alone has to be passed on.
    process.on(signal, () => {
      if (signal !== 'SIGINT' || !process.stdin.isTTY) child.kill(signal);
    });
  }
  child.on('error', (error) => {
    console.error(`countersign cannot start the pinned Node: ${error.message}`);
    process.exit(2);
  });
  child.on('exit', (code, signal) => process.exit(code ?? 128 + constants.signals[signal]));
}
