// The program as one of dd-trace's, switched by one line.
import tracer from "witspan/dd-trace";
import { hello } from "./program.mjs";

tracer.init();
hello(tracer.llmobs, process.argv[2]).then((statistics) => console.log(JSON.stringify(statistics)));
