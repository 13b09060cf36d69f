/** Promise.all, but for what fails: thrown only when the others are over too, so that nothing goes on unobserved. */
export async function allOver<const T extends readonly Promise<unknown>[]>(work: T) {
  await Promise.allSettled(work);
  return Promise.all(work);
}
