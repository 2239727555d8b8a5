// Runs before each test file in Chrome.
export {};
