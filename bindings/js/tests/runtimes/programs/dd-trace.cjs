// The same in CommonJS.
const tracer = require("witspan/dd-trace").init();
const { hello } = require("./program.cjs");

hello(tracer.llmobs, process.argv[2]).then((statistics) => console.log(JSON.stringify(statistics)));
