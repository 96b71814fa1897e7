import { execFileSync } from 'node:child_process';
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { exportVersion } from '../../lib/inference/export.ts';
import { MemorySource } from '../../lib/inference/fixtures/packages.ts';
import type { SessionRequest } from '../../lib/inference/session.ts';
import { defineModel } from '../../lib/model/definition.ts';
import type { LiveVersion } from '../../lib/registry/registry.ts';
import { sha256 } from '../../lib/shared/digest.ts';
import { goldenAnswers } from '../../lib/training/model-package.ts';

const repository = fileURLToPath(new URL('../..', import.meta.url));

/** What is asked of every server: rows, and the labels that the trainer gave them. */
export interface Sample {
  rows: Record<string, number>[];
  labels: string[];
}

export interface TrainedModel extends SessionRequest {
  sample: Sample;
}

export interface TrainedModels {
  iris: TrainedModel;
  forest: TrainedModel;
  irisFile: string;
}

function readModel(folder: string): TrainedModel {
  const read = (name: string) => readFileSync(join(folder, name));
  const model = read('model.onnx');
  const golden = goldenAnswers.parse(JSON.parse(read('golden.json').toString()));
  return {
    definition: defineModel(JSON.parse(read('definition.json').toString())),
    model,
    modelDigest: sha256(model),
    golden,
    sample: {
      rows: golden.rows.map((row) =>
        Object.fromEntries(Object.entries(row).map(([name, value]) => [name, Number(value)])),
      ),
      labels: golden.labels ?? [],
    },
  };
}

/** Trains Iris and a forest with the built-in trainers, into a folder. */
export function trainModels(folder: string): TrainedModels {
  execFileSync(join(repository, '.venv/bin/python'), ['bench/serving/train_models.py', folder], {
    cwd: repository,
    stdio: ['ignore', 'inherit', 'inherit'],
  });
  return {
    iris: readModel(join(folder, 'iris')),
    forest: readModel(join(folder, 'forest')),
    irisFile: join(folder, 'iris', 'model.onnx'),
  };
}

/** So many rows of a sample, over and over. */
export function takeRows({ rows, labels }: Sample, count: number): Sample {
  const places = Array.from({ length: count }, (_, place) => place % rows.length);
  return {
    rows: places.map((place) => rows[place] ?? {}),
    labels: places.map((place) => labels[place] ?? ''),
  };
}

/** Puts models under names of their own into one export, as `evergreen export --out <folder>` does. */
export async function exportModels(folder: string, models: [string, TrainedModel][]): Promise<void> {
  const source = new MemorySource();
  const names: string[] = [];
  for (const [name, trained] of models) {
    const version: LiveVersion = source.add(1, {
      ...trained,
      definition: { ...trained.definition, name },
    });
    await exportVersion(
      {
        read: source.read,
        signingKey: source.key.der,
        readIndex: async () =>
          names.length === 0
            ? undefined
            : Buffer.from(JSON.stringify({ schema: 'evergreen/export/v1', models: names })),
        write: async (key, bytes) => {
          mkdirSync(dirname(join(folder, key)), { recursive: true });
          writeFileSync(join(folder, key), bytes);
        },
      },
      name,
      version,
      '2026-01-01T00:00:00.000Z',
    );
    names.push(name);
  }
}
