/** The table's partition keys. The stack allows each function only the partitions that it uses. */
export const partitionOf = {
  /** The claim on an idempotency key. */
  claim: (id: string) => `claim#${id}`,
  /** The records of all purges. */
  records: () => 'purges',
  /** The slots of running purges. */
  slots: () => 'purges#running',
  /** The batches and the failures of one purge. */
  purge: (id: string) => `purge#${id}`,
  /** The lock on a flow, with the purge that has it next. */
  flow: (sid: string) => `flow#${sid}`,
};
