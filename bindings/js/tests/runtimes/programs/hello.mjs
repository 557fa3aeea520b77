// The program as an ES module: hello.mjs AGENT_URL
import { llmobs } from "witspan";
import { hello } from "./program.mjs";

hello(llmobs, process.argv[2]).then((statistics) => console.log(JSON.stringify(statistics)));
