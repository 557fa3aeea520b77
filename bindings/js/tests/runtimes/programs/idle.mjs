// Loads the package, and does nothing with it.
import "witspan";

console.log("loaded");
