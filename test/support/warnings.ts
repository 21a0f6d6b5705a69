/** Loaded before every test file: any warning of Node (a leak of listeners, a deprecated call) fails the run. */
process.on('warning', (warning) => {
  process.exitCode = 1;
  throw warning;
});
