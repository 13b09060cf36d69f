/** Sends what the functions log to vitest's console, which shows it only for a test that fails. */
process.stdout.write = (chunk: string | Uint8Array) => {
  console.log(String(chunk).trimEnd());
  return true;
};
