// The application's values as text that the core takes: each has one form, whatever its code does.
//
// | value | becomes |
// |---|---|
// | text, a number, a boolean, a list, a plain object | JSON |
// | NaN, infinities, BigInt | `NaN`, `Infinity`, its digits: the core decides |
// | `undefined`, a function, a symbol | left out; in a list `null`; as the whole value its name |
// | Date | ISO 8601, or `Invalid Date` |
// | what has a `toJSON` | what that returns |
// | Map, Set | an object if all keys are text or numbers, else a list of pairs; a list |
// | Uint8Array, Buffer, ArrayBuffer, DataView | text, read as UTF-8 |
// | other typed arrays | a list; of more than 10,000 elements, class and length |
// | Error | `name`, `message`, `cause`, `errors` and its own fields |
// | RegExp, URL, URLSearchParams | its text |
// | Blob, File | class, name, size and type |
// | promises, streams, iterators, and what shows no field | `[object Promise]` |
// | any other object | its own enumerable fields |

export { configureValues } from "./values/bounds.js";
export { annotationText, jsonText } from "./values/json.js";
export { StreamText } from "./values/stream.js";
export { plainText } from "./values/text.js";
