// Serves ONNX Runtime's WebAssembly build over pipes: a line of JSON, then raw bytes, each way.
// Call: node onnxruntime_web.cjs FOLDER, where FOLDER has node_modules.
"use strict";

const { createRequire } = require("node:module");
const path = require("node:path");
const ort = createRequire(path.join(process.argv[2], "package.json"))("onnxruntime-web");

ort.env.wasm.numThreads = 1;
ort.env.logLevel = "error";

const ARRAYS = {
  float32: Float32Array, float64: Float64Array, float16: Uint16Array, int8: Int8Array, uint8: Uint8Array,
  int16: Int16Array, uint16: Uint16Array, int32: Int32Array, uint32: Uint32Array, int64: BigInt64Array,
  uint64: BigUint64Array, bool: Uint8Array,
};
const sessions = new Map();
let received = Buffer.alloc(0);
let wake = null;
let ended = false;

process.stdin.on("data", (block) => { received = Buffer.concat([received, block]); if (wake) wake(); });
process.stdin.on("end", () => { ended = true; if (wake) wake(); });

async function more() {
  if (ended) process.exit(0);
  await new Promise((resolve) => { wake = resolve; });
  wake = null;
}

async function line() {
  while (received.indexOf(10) < 0) await more();
  const end = received.indexOf(10);
  const text = received.subarray(0, end).toString("utf8");
  received = received.subarray(end + 1);
  return JSON.parse(text);
}

async function bytes(size) {
  while (received.length < size) await more();
  const block = new Uint8Array(received.subarray(0, size)); // a copy: typed arrays must start where their size divides
  received = received.subarray(size);
  return block;
}

function answer(header, blocks) {
  process.stdout.write(JSON.stringify(header) + "\n");
  for (const block of blocks) process.stdout.write(block);
}

const operations = {
  async load(request) {
    const model = await bytes(request.size);
    const options = { executionProviders: ["wasm"], graphOptimizationLevel: "all", logSeverityLevel: 3 };
    sessions.set(request.session, await ort.InferenceSession.create(model, options));
    return [{ ok: true }, []];
  },
  async run(request) {
    const feeds = {};
    for (const input of request.inputs) {
      const block = await bytes(input.size);
      const values = new ARRAYS[input.type](block.buffer);
      feeds[input.name] = new ort.Tensor(input.type, values, input.shape);
    }
    const results = await sessions.get(request.session).run(feeds, request.outputs);
    const outputs = [];
    const blocks = [];
    for (const name of request.outputs) {
      const tensor = results[name];
      const block = Buffer.from(tensor.data.buffer, tensor.data.byteOffset, tensor.data.byteLength);
      outputs.push({ name, type: tensor.type, shape: tensor.dims, size: block.length });
      blocks.push(block);
    }
    return [{ ok: true, outputs }, blocks];
  },
  async release(request) {
    const session = sessions.get(request.session);
    sessions.delete(request.session);
    if (session) await session.release();
    return [{ ok: true }, []];
  },
};

async function serve() {
  for (;;) {
    const request = await line();
    try {
      answer(...(await operations[request.op](request)));
    } catch (problem) {
      // A trap or an abort: the module's memory is then in any state.
      const fatal = problem instanceof WebAssembly.RuntimeError;
      answer({ ok: false, fatal, error: String(problem && problem.message ? problem.message : problem) }, []);
    }
  }
}

serve();
