// One batch of OpenTelemetry's exporter for JavaScript: TRACES_URL, FORM, SPANS and CHARACTERS say which. Prints
// what the exporter was told.
const { ExportResultCode } = load("@opentelemetry/core");
const { BasicTracerProvider, InMemorySpanExporter, SimpleSpanProcessor } = load("@opentelemetry/sdk-trace-base");
const { OTLPTraceExporter } = load(`@opentelemetry/exporter-trace-otlp-${process.env.FORM}`);

/** @param {string} name */
function load(name) {
  return require(require.resolve(name, { paths: [process.env.EXPORTERS] }));
}

const memory = new InMemorySpanExporter();
const tracer = new BasicTracerProvider({ spanProcessors: [new SimpleSpanProcessor(memory)] }).getTracer("test");
const text = "all work and no play makes jack a dull boy ".repeat(10_000).slice(0, Number(process.env.CHARACTERS));
for (let number = 0; number < Number(process.env.SPANS); number++) {
  tracer.startSpan("ask", { attributes: { "input.value": text } }).end();
}

const exporter = new OTLPTraceExporter({ url: process.env.TRACES_URL, timeoutMillis: 60_000 });
exporter.export(memory.getFinishedSpans(), async ({ code, error }) => {
  console.log(JSON.stringify({ ok: code === ExportResultCode.SUCCESS, status: error?.code ?? null, name: error?.name ?? null }));
  await exporter.shutdown();
});
