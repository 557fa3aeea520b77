// The program in CommonJS: hello.cjs AGENT_URL
const { llmobs } = require("witspan");
const { hello } = require("./program.cjs");

hello(llmobs, process.argv[2]).then((statistics) => console.log(JSON.stringify(statistics)));
