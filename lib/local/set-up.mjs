import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import { closeSync, existsSync, mkdirSync, openSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { rm } from 'node:fs/promises';
import { delimiter, join } from 'node:path';
import { underLock } from './lock.mjs';

/*
 * Installs what a fresh checkout needs, once. Plain JavaScript for any Node from 20 on, without packages: it runs
 * before there are any. A stamp is written when an installation ended well; without it the next start does it again.
 */

const leastPython = [3, 11];
const progressEveryMs = 10_000;
const timeLimitMs = 20 * 60_000;

/** Something could not be installed; `message` is for a person, `remedy` says what to do. */
export class SetUpError extends Error {
  constructor(message, remedy) {
    super(message);
    this.remedy = remedy;
  }
}

function digestOfFiles(root, names) {
  const hash = createHash('sha256').update(`${process.platform} ${process.arch}`);
  for (const name of names) {
    const path = join(root, name);
    hash.update(`\0${name}\0`).update(existsSync(path) ? readFileSync(path) : 'absent');
  }
  return hash.digest('hex');
}

function stampIs(path, wanted) {
  return existsSync(path) && readFileSync(path, 'utf8') === wanted;
}

/** The two installations: what each is made from, what must be there, and how to make it. */
function partsOf(root) {
  const node = {
    name: 'Node packages',
    stamp: join(root, 'node_modules', '.evergreen-stamp'),
    program: join(root, 'node_modules', '.bin', 'node'),
    digest: digestOfFiles(root, ['package-lock.json']),
    install: installNode,
  };
  const python = {
    name: 'Python packages',
    stamp: join(root, '.venv', '.evergreen-stamp'),
    program: join(root, '.venv', 'bin', 'python'),
    // A virtual environment holds absolute paths: a moved checkout needs a new one.
    digest: `${digestOfFiles(root, ['local/requirements.txt', 'training/requirements.txt'])} ${root}`,
    install: installPython,
  };
  return { node, python };
}

/** Says for doctor and the launcher what is installed as the lock files say. */
export function inspectSetUp(root) {
  const parts = partsOf(root);
  const isReady = (part) => stampIs(part.stamp, part.digest) && existsSync(part.program);
  return { node: isReady(parts.node), python: isReady(parts.python) };
}

/**
 * Installs what is missing.
 *
 * @param options root: the checkout; needsPython; say: takes lines for a person.
 * @throws SetUpError
 */
export async function ensureSetUp({ root, needsPython, say }) {
  const missing = () => {
    const ready = inspectSetUp(root);
    return [...(ready.node ? [] : ['node']), ...(ready.python || !needsPython ? [] : ['python'])];
  };
  if (missing().length === 0) return;
  const home = join(root, '.evergreen');
  mkdirSync(join(home, 'logs'), { recursive: true });
  await underLock(join(home, 'setup.lock'), { what: 'set-up', waitMs: timeLimitMs, say }, async () => {
    // Whoever waited for another start finds its work done.
    const names = missing();
    if (names.length === 0) return;
    const logPath = join(home, 'logs', 'setup.log');
    const log = openSync(logPath, 'a');
    try {
      const parts = partsOf(root);
      const results = await Promise.allSettled(
        names.map((name) => installPart(root, parts[name], { log, logPath, say })),
      );
      const failed = results.find((result) => result.status === 'rejected');
      if (failed) throw failed.reason;
    } finally {
      closeSync(log);
    }
  });
}

async function installPart(root, part, output) {
  const startedAt = Date.now();
  const elapsed = () => `${Math.round((Date.now() - startedAt) / 1000)} s`;
  output.say(`set-up: ${part.name} …`);
  const timer = setInterval(
    () => output.say(`set-up: ${part.name} … ${elapsed()}, log in ${output.logPath}`),
    progressEveryMs,
  );
  try {
    rmSync(part.stamp, { force: true });
    await part.install(root, output);
    if (!existsSync(part.program)) {
      throw new SetUpError(
        `installing the ${part.name} ended without ${part.program}`,
        `read ${output.logPath}, then start again`,
      );
    }
    writeFileSync(part.stamp, part.digest);
    output.say(`set-up: ${part.name} installed in ${elapsed()}`);
  } finally {
    clearInterval(timer);
  }
}

async function installNode(root, output) {
  // The machine's Node runs npm, never the one that npm is about to replace.
  const PATH = withoutFolder(process.env.PATH ?? '', join(root, 'node_modules', '.bin'));
  await run('npm', ['ci', '--no-audit', '--no-fund', '--include=dev'], {
    root,
    output,
    // Its install script would load GPU libraries from outside the registry.
    env: { ...process.env, PATH, ONNXRUNTIME_NODE_INSTALL: 'skip' },
  });
}

async function installPython(root, output) {
  const python = findPython();
  const folder = join(root, '.venv');
  await rm(folder, { recursive: true, force: true });
  await run(python.path, ['-m', 'venv', folder], { root, output, env: process.env });
  await run(
    join(folder, 'bin', 'python'),
    [
      '-m',
      'pip',
      'install',
      '--no-input',
      '--disable-pip-version-check',
      '-r',
      join('local', 'requirements.txt'),
    ],
    { root, output, env: process.env },
  );
}

function withoutFolder(path, folder) {
  return path
    .split(delimiter)
    .filter((entry) => entry !== folder)
    .join(delimiter);
}

const probe =
  'import importlib.util as u, json, sys; ' +
  'print(json.dumps({"path": sys.executable, "version": list(sys.version_info[:3]), ' +
  '"missing": [m for m in ("venv", "ensurepip") if u.find_spec(m) is None]}))';

function probePython(command) {
  const found = spawnSync(command, ['-c', probe], { encoding: 'utf8', timeout: 20_000 });
  if (found.status !== 0) return undefined;
  try {
    return JSON.parse(found.stdout);
  } catch {
    return undefined;
  }
}

/** The first Python that is new enough and can make a virtual environment. */
export function findPython(environment = process.env) {
  const commands = environment.EVERGREEN_PYTHON
    ? [environment.EVERGREEN_PYTHON]
    : ['python3', 'python3.14', 'python3.13', 'python3.12', 'python3.11', 'python'];
  const found = [];
  for (const command of commands) {
    const python = probePython(command);
    if (!python) continue;
    found.push(python);
    if (isNewEnough(python) && python.missing.length === 0) return python;
  }
  const least = leastPython.join('.');
  const incomplete = found.find(isNewEnough);
  if (incomplete) {
    const [major, minor] = incomplete.version;
    throw new SetUpError(
      `Python ${incomplete.version.join('.')} at ${incomplete.path} cannot make virtual environments: its module ${incomplete.missing.join(' and ')} is missing`,
      `install it (Debian, Ubuntu: apt install python${major}.${minor}-venv), then start again`,
    );
  }
  const seen = found.map((python) => `${python.version.join('.')} at ${python.path}`).join(', ');
  throw new SetUpError(
    `Python ${least} or newer is needed; found ${seen === '' ? `none as ${commands.join(', ')}` : seen}`,
    'install one, or name its path in EVERGREEN_PYTHON, then start again',
  );
}

function isNewEnough(python) {
  const [major, minor] = python.version;
  return major > leastPython[0] || (major === leastPython[0] && minor >= leastPython[1]);
}

/** Runs one installer with its output in the log; a failure carries the line that says most. */
async function run(command, args, { root, output, env }) {
  const from = readFileSync(output.logPath).length;
  writeFileSync(output.log, `\n$ ${command} ${args.join(' ')}\n`);
  const status = await new Promise((resolve) => {
    const child = spawn(command, args, {
      cwd: root,
      env,
      stdio: ['ignore', output.log, output.log],
      timeout: timeLimitMs,
    });
    const end = () => child.kill();
    process.once('exit', end);
    child.once('error', (error) => resolve(error.message));
    child.once('close', () => process.removeListener('exit', end));
    child.once('exit', (code, signal) => resolve(signal ? `signal ${signal}` : code));
  });
  if (status === 0) return;
  const text = readFileSync(output.logPath).subarray(from).toString();
  const command_ = command.split('/').at(-1);
  throw new SetUpError(
    `${command_} ${args.slice(0, 3).join(' ')} failed (${typeof status === 'number' ? `exit ${status}` : status})${explain(text)}; log: ${output.logPath}`,
    remedyFor(text),
  );
}

function explain(text) {
  const lines = text.split('\n').map((line) => line.trim());
  const telling = lines.filter((line) => /error|no space|not found|denied/i.test(line) && line.length < 300);
  return telling.length > 0 ? `: ${telling.at(0)}` : '';
}

function remedyFor(text) {
  if (/ENOSPC|No space left/i.test(text)) return 'free disk space, then start again';
  if (
    /ENOTFOUND|ECONNREFUSED|ETIMEDOUT|EAI_AGAIN|Temporary failure in name resolution|Max retries/i.test(text)
  )
    return 'check the connection to the package registry, then start again';
  return 'read the log, correct the cause, then start again; finished parts are kept';
}
