#!/usr/bin/env node
// Finds a Node that runs meshproof (24 or later) and hands over to it. This file itself runs on any Node from 20 on.
import { spawn } from 'node:child_process';
import { existsSync } from 'node:fs';
import { createRequire } from 'node:module';
import { constants } from 'node:os';
import { dirname, join } from 'node:path';
import process from 'node:process';
import { fileURLToPath, pathToFileURL } from 'node:url';

const NEEDED_MAJOR = 24;
const CANNOT_RUN = 1;

const root = dirname(dirname(fileURLToPath(import.meta.url)));
// A checkout runs its sources; the published package has them compiled, because Node strips no types in node_modules.
const source = join(root, 'controller', 'cli', 'main.ts');
const main = existsSync(source) ? source : join(root, 'dist', 'controller', 'cli', 'main.js');

if (Number.parseInt(process.versions.node, 10) >= NEEDED_MAJOR) {
  await import(pathToFileURL(main).href);
} else {
  const node = bundledNode();
  if (node === undefined) {
    process.stderr.write(
      `meshproof: needs Node ${String(NEEDED_MAJOR)} or later, this is ${process.versions.node}.\n` +
        'Install a newer Node, or the npm package "node" beside meshproof: npm install node@24\n',
    );
    process.exitCode = CANNOT_RUN;
  } else {
    runWith(node);
  }
}

/** The binary of the npm package `node`, which development installs bring along. */
function bundledNode() {
  try {
    const manifest = createRequire(import.meta.url).resolve('node/package.json');
    const binary = join(dirname(manifest), 'bin', 'node');
    return existsSync(binary) ? binary : undefined;
  } catch {
    return undefined;
  }
}

/**
 * Whoever watches this process must see no difference: same streams, same signals, same end.
 * @param {string} node
 */
function runWith(node) {
  const child = spawn(node, [fileURLToPath(import.meta.url), ...process.argv.slice(2)], {
    stdio: 'inherit',
    env: { ...process.env, MESHPROOF_INVOKED_AS: process.argv[1] ?? '' },
  });
  // A ^C at a terminal reaches the child by itself as well; it takes two interrupts in one moment for one.
  /** @type {NodeJS.Signals[]} */
  const forwarded = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT', 'SIGUSR1', 'SIGUSR2'];
  for (const signal of forwarded) process.on(signal, () => child.kill(signal));
  child.on('error', (error) => {
    process.stderr.write(`meshproof: cannot start ${node}: ${error.message}\n`);
    process.exitCode = CANNOT_RUN;
  });
  child.on('exit', (status, signal) => {
    for (const name of forwarded) process.removeAllListeners(name);
    if (signal === null) process.exitCode = status ?? CANNOT_RUN;
    else endBy(signal);
  });
}

/**
 * Ends this process by the signal that ended the child, so that a shell sees 128 + its number.
 * @param {NodeJS.Signals} signal
 */
function endBy(signal) {
  process.exitCode = 128 + constants.signals[signal];
  process.kill(process.pid, signal);
}
