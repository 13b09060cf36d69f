// Loaded before the program of every npm script: an older Node cannot run the TypeScript files beside this
// one.
const OLDEST = [24, 2];

const [major, minor] = process.versions.node.split('.').map(Number);
if (major < OLDEST[0] || (major === OLDEST[0] && minor < OLDEST[1])) {
  console.error(
    `This needs Node ${OLDEST.join('.')} or newer, and runs on Node ${process.versions.node} (${process.execPath}).\n` +
      `npm ci installs one for Linux (x64, arm64), macOS and Windows (x64): run it if you have not yet.\n` +
      `On another platform (yours is ${process.platform} ${process.arch}), install Node 24: https://nodejs.org`,
  );
  process.exit(1);
}
