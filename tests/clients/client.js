// A Node program that takes large buffers on its main thread and in workers.
//
//   node client.js BYTES
//
// stdout: what it computed. stderr: how many files of the pool it has mapped while it holds the buffer.
const { createHash } = require('crypto');
const { readFileSync } = require('fs');
const { Worker, isMainThread, parentPort, workerData } = require('worker_threads');

const tell = (step) =>
  console.error(step, readFileSync('/proc/self/maps', 'latin1').split('/numa_0/').length - 1);
const digest = (buffer) => createHash('sha256').update(buffer).digest('hex');

function work(size, seed) {
  const buffer = Buffer.alloc(size);
  if (isMainThread) tell('taken');
  const fresh = digest(buffer);
  for (let at = 0; at < size; at += 4) buffer.writeUInt32LE(Math.imul(at + seed, 0x9e3779b1) >>> 0, at);
  return { fresh, filled: digest(buffer), middle: buffer.subarray(size / 2, size / 2 + 8).toString('hex') };
}

if (isMainThread) {
  const size = Number(process.argv[2]);
  console.log(work(size, 0));
  const answers = [1, 2, 3].map(
    (seed) =>
      new Promise((resolve, reject) =>
        new Worker(__filename, { workerData: { size, seed } }).on('message', resolve).on('error', reject)));
  Promise.all(answers).then((all) => console.log(all));
} else {
  parentPort.postMessage(work(workerData.size, workerData.seed));
}
