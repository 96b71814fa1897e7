import { readFileSync } from 'node:fs';
import { createServer } from 'node:http';
import { InferenceSession, Tensor } from 'onnxruntime-node';

/* node:http and onnxruntime-node with nothing between them: no check, no receipt, no metric. `node bare-server.ts <model.onnx> <port>` */

const [file = '', port = '0'] = process.argv.slice(2);
const names = ['sepal_length', 'sepal_width', 'petal_length', 'petal_width'] as const;
const session = await InferenceSession.create(readFileSync(file), {
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  executionMode: 'sequential',
});

const server = createServer((request, response) => {
  const chunks: Buffer[] = [];
  request.on('data', (chunk: Buffer) => chunks.push(chunk));
  request.on('end', async () => {
    const { rows } = JSON.parse(Buffer.concat(chunks).toString());
    const numbers = new Float32Array(rows.length * names.length);
    let place = 0;
    for (const row of rows) for (const name of names) numbers[place++] = row[name];
    const { label } = await session.run({
      numbers: new Tensor('float32', numbers, [rows.length, names.length]),
    });
    const predictions = Array.from((label?.data ?? []) as string[], (each) => ({ label: each }));
    const body = JSON.stringify({ predictions });
    response.writeHead(200, {
      'content-type': 'application/json',
      'content-length': Buffer.byteLength(body),
    });
    response.end(body);
  });
});
server.listen(Number(port), '127.0.0.1');
