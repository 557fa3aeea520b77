// Only the tests of this folder, as they are.
module.exports = {
  testMatch: ["**/jest.test.*"],
  transform: {},
  moduleFileExtensions: ["mjs", "cjs", "js"],
};
